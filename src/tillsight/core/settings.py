"""The settings of a workspace: `tillsight.toml`, and over it the environment (`TILLSIGHT_CURRENCY=EUR`).

A nested setting takes two underscores in the environment: `TILLSIGHT_SERVE__PORT=8400`. A wrong setting is an error
that names it, the value and where it came from.
"""

from __future__ import annotations

import os
import re
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, Self, get_args
from zoneinfo import ZoneInfo, available_timezones

import pydantic
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from tillsight.core.errors import SettingsError

SETTINGS_FILE = "tillsight.toml"
WORKSPACE_VARIABLE = "TILLSIGHT_WORKSPACE"
_SECRET = re.compile(r"passw|secret|token|key|url|credential", re.IGNORECASE)


def _currency(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z]{3}", value):
        raise ValueError("a currency is a three-letter ISO code such as EUR, GBP or USD")
    return value.upper()


def _timezone(value: str) -> str:
    if value not in available_timezones():
        raise ValueError("a time zone is an IANA name such as Europe/London or Asia/Kolkata")
    return value


Currency = Annotated[str, AfterValidator(_currency)]
TimeZone = Annotated[str, AfterValidator(_timezone)]
RoleName = Literal["admin", "manager", "analyst", "limited"]
Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class FiscalSettings(_Section):
    """The fiscal calendar; see `core.fiscal` for the rules. A preset sets all of it; the other fields override."""

    preset: Literal["months", "nrf-4-5-4", "last-sunday-of-june"] = Field("months", description="which calendar")
    start_month: int = Field(1, ge=1, le=12, description="first month of the fiscal year, for the preset of months")
    restated: bool = Field(
        False,
        description="a year of weeks compares with the days 52 weeks before, instead of with the same weeks of the year before",
    )


class ServeSettings(_Section):
    """How `tillsight serve` listens. Loopback unless said otherwise."""

    host: str = Field("127.0.0.1", description="address to listen on; loopback unless others may come in")
    port: int = Field(8300, ge=0, le=65535, description="port to listen on; 0 takes a free one")
    tls_cert: str | None = Field(None, description="certificate to speak TLS 1.3 with, a PEM file")
    tls_key: str | None = Field(None, description="key of the certificate, a PEM file")
    access_minutes: int = Field(15, ge=1, le=1440, description="life of an access token")
    hosts: tuple[str, ...] = Field((), description="further host names that the server answers to, behind a proxy")
    address: str = Field(
        "",
        pattern=r"^(https?://[^\s/]+)?$",
        description="address of this server as browsers see it, such as https://shop.example; links in mails lead there",
    )
    session_hours: int = Field(12, ge=1, le=24 * 90, description="how long a session lasts without signing in again")


class AccountSettings(_Section):
    """Signing in, and how many requests somebody may send. `serve` has the life of tokens and sessions."""

    idle_minutes: int = Field(
        120, ge=1, le=60 * 24 * 90, description="a session in which nothing is asked for so long ends"
    )
    second_factor: tuple[RoleName, ...] = Field(
        (), description='roles that must have a second factor, such as ["admin", "manager"]'
    )
    invitation_hours: int = Field(72, ge=1, le=24 * 30, description="how long an invitation is good")
    reset_hours: int = Field(24, ge=1, le=24 * 30, description="how long a link to choose another password is good")
    requests_per_minute: int = Field(1200, ge=0, description="requests of one user at the page; 0 sets no limit")
    key_requests_per_minute: int = Field(600, ge=0, description="requests of one key; 0 sets no limit")
    sign_ins_per_minute: int = Field(30, ge=0, description="attempts to sign in from one address; 0 sets no limit")


class OidcSettings(_Section):
    """Signing in with an account elsewhere (OpenID Connect). The secret is in TILLSIGHT_OIDC_SECRET alone."""

    issuer: str = Field("", pattern=r"^(https?://\S+)?$", description="address of the issuer; empty for none")
    client_id: str = Field("", max_length=200, description="what the issuer knows this shop as")
    title: str = Field("Single sign-on", min_length=1, max_length=60, description="what the button says")
    address: str = Field(
        "",
        pattern=r"^(https?://[^\s/]+)?$",
        description="address of this server as browsers see it, such as https://shop.example",
    )
    scopes: str = Field("openid profile email", description="what the issuer is asked for")
    claim: str = Field("groups", min_length=1, max_length=100, description="the claim that says what somebody is")
    roles: tuple[str, ...] = Field(
        (), description='role by value of the claim, the first that fits: ["shop-admins=admin", "staff=analyst"]'
    )
    otherwise: Literal["", "manager", "analyst", "limited"] = Field(
        "", description="role of those whom no value fits; empty lets nobody else in"
    )

    @pydantic.field_validator("roles")
    @classmethod
    def _pairs(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for pair in value:
            if pair.rpartition("=")[2] not in get_args(RoleName) or not pair.rpartition("=")[0]:
                raise ValueError(f"{pair!r} is not a pair such as staff=analyst")
        return value


class MailSettings(_Section):
    """Sending mail: invitations, and links to choose another password. The password is in TILLSIGHT_MAIL_PASSWORD, or kept as
    the credential `mail`."""

    host: str = Field("", max_length=200, description="the mail server; empty sends no mail")
    port: int = Field(587, ge=1, le=65535, description="its port: 587 for starttls, 465 for tls")
    security: Literal["starttls", "tls", "none"] = Field(
        "starttls", description="how the way there is encrypted; none is for a mail server on this machine alone"
    )
    user: str = Field("", max_length=320, description="the name to sign in with there; empty for none")
    sender: str = Field(
        "",
        pattern=r"^([^@\s<>]+@[^@\s<>]+)?$",
        max_length=320,
        description="the address that mails come from, such as tillsight@shop.example",
    )
    seconds: float = Field(20, gt=0, le=300, description="how long the mail server may take for an answer")

    @pydantic.model_validator(mode="after")
    def _whole(self) -> Self:
        if self.host and not self.sender:
            raise ValueError("mail.host needs mail.sender, the address that mails come from")
        if self.host and self.security == "none" and self.host not in ("localhost", "127.0.0.1", "::1"):
            raise ValueError(
                "mail.security none is for a mail server on this machine; links and passwords would be read on the way"
            )
        return self


class LimitSettings(_Section):
    """What a question may take."""

    memory: str = Field(
        "4GB", pattern=r"^\d+(\.\d+)?\s?(MB|GB|MiB|GiB)$", description="memory of the questions together"
    )
    build_memory: str = Field(
        "12GB", pattern=r"^\d+(\.\d+)?\s?(MB|GB|MiB|GiB)$", description="memory of a load or build"
    )
    threads: int = Field(0, ge=0, description="processors to use; 0 takes all")
    rollup_rows: int = Field(
        1_000_000,
        ge=0,
        description="a table of at least so many rows is also added up in advance, by day and dimensions, where that saves rows; 0 always",
    )
    seconds: float = Field(60, gt=0, description="seconds that one question may take")
    rows: int = Field(1_000_000, ge=1, description="rows that one answer may have; files may have any number")
    export_seconds: float = Field(1800, gt=0, description="seconds that making a file may take")
    upload_mb: int = Field(2048, ge=1, description="size of an upload, in MB")
    unpacked_ratio: int = Field(200, ge=1, description="times its packed size that an archive may unfold to")
    unpacked_mb: int = Field(65_536, ge=1, description="size that an archive may unfold to, in MB")
    cache_mb: int = Field(256, ge=0, description="memory for answers that are kept, in MB; 0 keeps none")


class KeepSettings(_Section):
    """Which old releases are kept."""

    releases: int = Field(3, ge=1, description="the newest so many releases")
    days: int = Field(31, ge=0, description="one release a day for so many days")


class BackupSettings(_Section):
    """Backups: where they lie, how often, how long. A backup holds everything but the master key."""

    to: str = Field("backups", description="a folder, better one on another machine, or s3://bucket/path")
    every_hours: float = Field(1, ge=0, description="hours from one backup to the next while serving; 0 makes none")
    hourly_days: int = Field(7, ge=0, description="all backups of so many days are kept")
    days: int = Field(30, ge=1, description="one backup a day is kept for so many days")
    drill_days: int = Field(0, ge=0, description="days from one drill to the next while serving; 0 holds none")


class RetentionSettings(_Section):
    """How long rows are kept; `tillsight privacy retention` says what that removes, and removes it. Nothing by default."""

    tables: dict[str, int] = Field({}, description="days that rows are kept, by name of the table")
    raw_days: int = Field(0, ge=0, description="days that rows are kept as they came in files; 0 keeps them")
    rejects_days: int = Field(0, ge=0, description="days that rows which could not be read are kept; 0 keeps them")
    jobs_days: int = Field(0, ge=0, description="days that finished jobs are kept; 0 keeps them")


class ReturnDeskSettings(_Section):
    """The return desk: how long somebody may return goods, how fast the desk should be, what a return costs."""

    window_days: int = Field(30, ge=0, description="days from the order in which goods may be returned; 0 sets no end")
    target_hours: dict[str, int] = Field(
        {
            "initiated": 24,
            "return_label_generated": 168,
            "in_transit": 120,
            "received": 24,
            "inspected": 48,
            "refunded": 24,
            "exchanged": 24,
        },
        description="hours that a return should stay at a step at most",
    )
    processing_cost: Decimal = Field(Decimal(0), ge=0, description="cost of handling one return, unless it is stated")
    shipping_cost: Decimal = Field(
        Decimal(0), ge=0, description="cost of one label that the shop bears, unless it is stated"
    )


class Settings(BaseSettings):
    """All settings of a workspace. `name`, `currency` and `timezone` are asked for by `tillsight init`."""

    model_config = SettingsConfigDict(env_prefix="TILLSIGHT_", env_nested_delimiter="__", extra="forbid", frozen=True)

    name: str = Field("My shop", min_length=1, max_length=200, description="what the shop is called on the page")
    shop_id: str = Field("main", pattern=r"^[A-Za-z0-9_.-]{1,50}$", description="for rows that name no shop")
    currency: Currency = Field("EUR", description="reporting currency, an ISO code such as EUR")
    timezone: TimeZone = Field("UTC", description="the zone that a day of the shop belongs to, such as Europe/London")
    locale: str = Field(
        "en-GB", pattern=r"^[a-z]{2,3}(-[A-Za-z]{2,4})?$", description="how numbers and dates are written"
    )
    week_start: Weekday = Field("monday", description="first day of the week")
    preset: Literal["source", "shopify", "finance"] = Field("source", description="which metrics the pages show")
    database_url: str | None = Field(None, description="the operational database; SQLite in the workspace by default")
    cache_url: str | None = Field(
        None,
        pattern=r"^((rediss?|unix)://\S+)?$",
        description="Redis where several servers keep answers together, such as redis://127.0.0.1:6379/0; in each process by default",
    )
    warehouse_url: str | None = Field(
        None, description="what answers: postgresql://… or spark://…; DuckDB in the server by default"
    )
    today: Literal["data", "clock"] = Field(
        "data", description="named periods end on the last day with data, or on today by the clock"
    )
    forecasts: bool = Field(
        True, description="the forecasts that pages ask for first are made after each build, while serving"
    )
    encrypt: bool = Field(
        False, description="landing, releases and backups are encrypted; set by tillsight init --encrypt"
    )
    fiscal: FiscalSettings = FiscalSettings()
    serve: ServeSettings = ServeSettings()
    accounts: AccountSettings = AccountSettings()
    oidc: OidcSettings = OidcSettings()
    mail: MailSettings = MailSettings()
    limits: LimitSettings = LimitSettings()
    keep: KeepSettings = KeepSettings()
    retention: RetentionSettings = RetentionSettings()
    backup: BackupSettings = BackupSettings()
    return_desk: ReturnDeskSettings = ReturnDeskSettings()

    @cached_property
    def zone(self) -> ZoneInfo:
        """The time zone as an object."""
        return ZoneInfo(self.timezone)

    @property
    def address(self) -> str:
        """The address of the server as browsers see it, without a slash at its end."""
        serve = self.serve
        scheme = "https" if serve.tls_cert else "http"
        return serve.address or self.oidc.address or f"{scheme}://{serve.host}:{serve.port}"


def read_settings(workspace: Path) -> Settings:
    """Read the settings of a workspace. Raises SettingsError that names the setting, the value and its place."""
    file = workspace / SETTINGS_FILE

    class _WorkspaceSettings(Settings):
        @classmethod
        def settings_customise_sources(
            cls,
            settings_cls: type[BaseSettings],
            init_settings: PydanticBaseSettingsSource,
            env_settings: PydanticBaseSettingsSource,
            dotenv_settings: PydanticBaseSettingsSource,
            file_secret_settings: PydanticBaseSettingsSource,
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            return env_settings, TomlConfigSettingsSource(settings_cls, file)

    try:
        return _WorkspaceSettings()
    except pydantic.ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        variable = "TILLSIGHT_" + name.upper().replace(".", "__")
        where = f"the environment variable {variable}" if variable in os.environ else str(file)
        reason = first["msg"].removeprefix("Value error, ")
        if first["type"] == "extra_forbidden":
            reason = "there is no such setting"
        # what stands under a name that is not known may be a secret, and a whole section may hold one
        untold = first["type"] in ("missing", "extra_forbidden") or isinstance(first["input"], dict)
        value = None if untold or _SECRET.search(name) else first["input"]
        raise SettingsError(f"Setting {name} in {where} is wrong: {reason}.", field=name, value=_shown(value)) from None
    except (ValueError, OSError) as error:  # not TOML, or not readable
        raise SettingsError(f"{file} cannot be read: {error}.", file=str(file)) from None


def _shown(value: Any) -> str | None:
    return None if value is None else str(value)[:200]
