"""One shop: the facade that the page, the API, the command line, jobs and notebooks use, so that all of them agree.

shop = tillsight.open("shop")
shop.load("sales.csv.gz")
shop.build()
shop.query(["revenue", "orders"], by="country", grain="month").to_pandas()
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import pyarrow as pa
from sqlalchemy import select

from tillsight import audit, privacy
from tillsight.core.errors import (
    NoReleaseError,
    NotAllowedError,
    NotBuiltError,
    NotFoundError,
    QuestionError,
    SettingsError,
)
from tillsight.core.fiscal import PRESETS, FiscalCalendar, FiscalWeek, generate
from tillsight.core.money import minor_units
from tillsight.core.periods import GRAINS, NAMED_PERIODS, Calendar
from tillsight.core.scope import EVERYTHING, Scope
from tillsight.core.settings import SETTINGS_FILE, WORKSPACE_VARIABLE, Settings, read_settings
from tillsight.database.forecasts import Forecasts
from tillsight.database.goals import Goals
from tillsight.database.models import Load, Release
from tillsight.database.segments import SegmentSets
from tillsight.database.store import Database
from tillsight.domains.registry import catalogue
from tillsight.exports.whole import Export
from tillsight.metrics import explain as explaining
from tillsight.metrics.answer import Answer
from tillsight.metrics.ask import Asker
from tillsight.metrics.ask import Release as AskedRelease
from tillsight.metrics.explain import Explanation
from tillsight.metrics.masking import masked_answer, masked_rejects
from tillsight.metrics.model import Catalogue, DataSpan, Parameter
from tillsight.metrics.outdated import lacking
from tillsight.metrics.permission import check_analysis, check_search
from tillsight.metrics.question import Question, ask_for
from tillsight.pipeline.build import build
from tillsight.pipeline.current import DESK
from tillsight.pipeline.keeping import build_lock, drop_older
from tillsight.pipeline.progress import Progress, silent
from tillsight.returns_desk import Listing, Measures, ReturnDesk, flow
from tillsight.tables.registry import TABLES
from tillsight.vault import check_encryption
from tillsight.warehouse.engines import described
from tillsight.warehouse.releases import OpenRelease, Releases

if TYPE_CHECKING:
    from tillsight.pipeline.landing import LoadReport

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

DOMAINS: dict[str, tuple[str, tuple[str, ...]]] = {
    "inventory": ("Inventory", ("inventory_movements", "stock_snapshots", "purchase_orders")),
    "sales": ("Sales", ("orders", "order_items")),
    "customers": ("Customers", ("orders", "customers")),
    "returns": ("Returns", ("returns", "return_items", "refunds")),
    "ads": ("Ads", ("ad_campaigns", "ad_performance")),
    "pricing": ("Pricing", ("price_changes", "product_costs", "competitor_prices")),
    "seasons": ("Seasons", ("seasons", "season_budgets")),
    "loyalty": ("Loyalty", ("loyalty_members", "offers", "subscriptions")),
}
"""The eight domains: title, and the tables that feed them."""


@dataclass(frozen=True)
class Status:
    """What a workspace holds. `engine`: what answers, and where it is, in words."""

    name: str
    engine: str
    release: Release | None
    loads: int
    rows: dict[str, int]


class Shop:
    """A workspace that is open. Safe to use from many threads; close it, or use it in a `with` block."""

    def __init__(self, path: Path, settings: Settings, database: Database) -> None:
        self.path = path
        self.settings = settings
        self.database = database
        self.catalogue: Catalogue = catalogue()
        self.releases = Releases(path, settings, database, partial(lacking, self.catalogue))
        self._loaded_calendars: dict[int, FiscalCalendar] = {}
        self.builds_at_once = True
        """Whether a question about an earlier moment builds the release that it needs; a server leaves that to a job."""

    @classmethod
    def open(cls, path: str | Path | None = None) -> Self:
        """Open a workspace: the folder given, else TILLSIGHT_WORKSPACE, else the current folder.

        Raises SettingsError when the folder is not a workspace or a setting is wrong.
        """
        folder = Path(path or os.environ.get(WORKSPACE_VARIABLE) or ".").expanduser().resolve()
        if not (folder / SETTINGS_FILE).is_file():
            raise SettingsError(
                f"{folder} is not a workspace: it has no {SETTINGS_FILE}. Make one with `tillsight init`.",
                workspace=str(folder),
            )
        settings = read_settings(folder)
        check_encryption(folder, settings.encrypt)
        return cls(folder, settings, Database.open(folder, settings))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give back memory and connections."""
        self.releases.close()
        self.database.close()

    # asking

    def query(
        self,
        metrics: str | Sequence[str],
        by: str | Sequence[str] = (),
        grain: str | None = None,
        start: str | date | None = None,
        end: str | date | None = None,
        period: str | None = None,
        where: str | Sequence[Any] = (),
        compare: str | Sequence[str | date] | Mapping[str, str] | None = None,
        sort: str | Sequence[str] = (),
        limit: int | None = None,
        offset: int = 0,
        others: bool = False,
        as_of: str | date | datetime | None = None,
        scope: Scope = EVERYTHING,
    ) -> Answer:
        """Any metrics by any dimensions at any grain. Days are inclusive; see `metrics.question.ask_for`."""
        question = ask_for(metrics, by, grain, start, end, period, where, compare, sort, limit, offset, others)
        return self.ask(question, as_of=as_of, scope=scope)

    def ask(
        self, question: Question, *, as_of: str | date | datetime | None = None, scope: Scope = EVERYTHING
    ) -> Answer:
        """Answer a question that is already made."""
        return self.asker(scope, as_of).ask(question)

    def explain(
        self,
        question: Question | str,
        *,
        as_of: str | date | datetime | None = None,
        scope: Scope = EVERYTHING,
        **parts: Any,
    ) -> Explanation:
        """How one metric came about. `question` may be the metric's name with the parts of a query."""
        made = ask_for(question, **parts) if isinstance(question, str) else question
        return explaining.explain(self.asker(scope, as_of), made)

    def rows(
        self,
        question: Question | str,
        *,
        limit: int = 50,
        offset: int = 0,
        as_of: str | date | datetime | None = None,
        scope: Scope = EVERYTHING,
        **parts: Any,
    ) -> Answer:
        """The rows behind one metric."""
        made = ask_for(question, **parts) if isinstance(question, str) else question
        return explaining.rows_behind(self.asker(scope, as_of), made, limit, offset)

    def export(
        self,
        question: Question,
        *,
        as_of: str | date | datetime | None = None,
        scope: Scope = EVERYTHING,
        behind: bool = False,
    ) -> Export:
        """The answer to a question for a file, of any size: its rows lie on disk, and memory does not grow with them.

        `behind`: the rows behind its one metric instead. Close it, or use it in a `with` block.
        """
        asker = self.asker(scope, as_of)
        answer, parts = explaining.rows_in_parts(asker, question) if behind else asker.in_parts(question)
        places = 2 if behind else minor_units(asker.release.currency)
        return Export.of(answer, parts, places, self.path / "releases" / ".spill")

    def evidence(self, answer: Answer, scope: Scope = EVERYTHING) -> dict[str, Any]:
        """What an answer stands on: its sources with rows and when they were known, the release, freshness, and checks.

        Sources are the roll-ups that were read, the relations that were asked and the tables that they are made of; checks are
        those that bear on them.
        To somebody who may see some rows only, figures about all of them (rows, the texts of checks) are not told.
        """
        release = self.releases.get(answer.release) if answer.release is not None else self.releases.current()
        tables = release.manifest["tables"]
        rollups = {
            name: rollup.title
            for name, rollup in self.catalogue.rollups.items()
            if any(f'"{name}"' in sql for sql in answer.queries)
        }
        names = [*rollups, *answer.sources]
        for name in names:  # grows while it is walked: a relation is made of tables and of other relations
            inputs = self.catalogue.relations[name].inputs if name in self.catalogue.relations else ()
            names += [part for part in inputs if part not in names and release.rows_of(part)]
        published = release.record.published_at
        return {
            "sources": [
                {
                    "table": name,
                    "title": rollups.get(name) or (self.catalogue.relations.get(name) or TABLES[name]).title,
                    "rows": None if scope.rows else release.rows_of(name),
                    "known_to": tables.get(name, {}).get("known_to"),
                }
                for name in names
            ],
            "release": {"number": release.number, "published_at": published.isoformat() if published else None},
            "freshness": {
                "data_to": release.manifest.get("data_to"),
                "published_at": published.isoformat() if published else None,
            },
            "checks": [
                check | ({"text": ""} if scope.rows else {})
                for check in release.record.checks
                if set(check["relations"]) & set(answer.sources)
            ],
        }

    def analyse(
        self, name: str, *, scope: Scope = EVERYTHING, as_of: str | date | datetime | None = None, **parameters: Any
    ) -> Answer:
        """Run an analysis. Parameters are those it declares, and the parts of a question it takes (period, where …)."""
        analysis = self.catalogue.analysis(name)
        check_analysis(scope, analysis)
        known = {parameter.name: parameter for parameter in analysis.parameters}
        asked = {"period", "start", "end", "where", "compare"}
        unknown = sorted(set(parameters) - set(known) - asked)
        if unknown:
            raise QuestionError(
                f"{name} takes no parameter {unknown[0]!r}; it takes {', '.join([*known, *sorted(asked)])}.",
                field="param",
                value=unknown[0],
            )
        values = {parameter.name: _parameter(parameter, parameters.get(parameter.name)) for parameter in known.values()}
        for value in values.values():
            if isinstance(value, str):
                check_search(scope, value)
        question = {key: parameters[key] for key in asked if parameters.get(key) is not None}
        answer = analysis.run(self.asker(scope, as_of), question, **values)
        return masked_answer(answer) if scope.masked else answer

    def asker(self, scope: Scope = EVERYTHING, as_of: str | date | datetime | None = None) -> Asker:
        """Who answers: the current release, or what was known at an earlier moment, for one asker."""
        release = self._release(as_of, scope)
        return Asker(self.catalogue, self.calendar(release), self._asked(release), scope)

    def build_as_of(self, moment: datetime, progress: Progress = silent) -> int:
        """Build a release of what was known at a moment, unless one is kept: its number. Raises NoReleaseError."""
        number = self.releases.known_as_of(moment, self._loads_known(moment))
        if number is not None:
            return number
        return build(self.path, self.settings, self.database, self.catalogue, as_of=moment, progress=progress).number

    def _release(self, as_of: str | date | datetime | None, scope: Scope) -> OpenRelease:
        if as_of is None:
            return self.releases.current()
        moment = self.moment(as_of)
        current = self.releases.current()
        if current.record.known_to is not None and current.record.known_to <= moment:
            return current
        number = self.releases.known_as_of(moment, self._loads_known(moment))
        if number is None and not self.builds_at_once:
            said = f"What was known on {moment.astimezone(self.settings.zone):%d %b %Y %H:%M} is not kept as a release"
            if not scope.builds:
                raise NotAllowedError(
                    f"{said}; an administrator or a manager who asks for it has it built.", as_of=moment.isoformat()
                )
            raise NotBuiltError(
                f"{said} and is being built; ask again when its job is done.",
                as_of=moment.isoformat(),
                user=scope.user,
            )
        if number is None:
            number = self.build_as_of(moment)
        return self.releases.get(number)

    def _loads_known(self, moment: datetime) -> set[str]:
        with self.database.read() as session:
            query = select(Load.id).where(Load.state == "committed", Load.known_at <= moment)
            known = set(session.scalars(query))
        if not known:
            raise NoReleaseError(f"Nothing was known yet at {moment:%Y-%m-%d %H:%M} UTC.", as_of=moment.isoformat())
        return known

    def moment(self, as_of: str | date | datetime) -> datetime:
        """An instant in UTC. A day means its end in the shop's zone; a time without a zone is in the shop's zone."""
        if isinstance(as_of, str):
            try:
                as_of = date.fromisoformat(as_of) if len(as_of) == 10 else datetime.fromisoformat(as_of)
            except ValueError:
                raise QuestionError(
                    f"as_of must be a day or a time such as 2026-11-14 or 2026-11-14T09:30, not {as_of!r}.",
                    field="as_of",
                    value=as_of,
                ) from None
        if not isinstance(as_of, datetime):
            as_of = datetime.combine(as_of, time.max)
        if as_of.tzinfo is None:
            as_of = as_of.replace(tzinfo=self.settings.zone)
        return as_of.astimezone(UTC)

    def _asked(self, release: OpenRelease) -> AskedRelease:
        span = DataSpan(release.data_from or self.clock_today(), release.data_to or self.clock_today())
        return AskedRelease(
            number=release.number,
            span=span,
            today=self.today(release),
            currency=str(release.manifest.get("currency", self.settings.currency)),
            run=release.run,
            stream=release.files.stream,
            missing=self._missing(release),
            rollups={
                name: entry["rows"] for name, entry in release.manifest["tables"].items() if entry["kind"] == "rollup"
            },
            as_of=release.record.as_of,
            locale=self.settings.locale,
            forecasts=Forecasts(self.database),
            segments=SegmentSets(self.database),
            goals=self.goals,
        )

    def _missing(self, release: OpenRelease) -> dict[str, tuple[str, ...]]:
        missing: dict[str, tuple[str, ...]] = {}
        for relation in self.catalogue.relations.values():
            if release.rows_of(relation.name) == 0:
                missing[relation.name] = tuple(
                    TABLES[name].title for name in relation.needs if not release.rows_of(name)
                )
        return missing

    def clock_today(self) -> date:
        """Today in the shop's time zone."""
        return datetime.now(self.settings.zone).date()

    def today(self, release: OpenRelease | None = None) -> date:
        """The day that named periods end on: today, or the last day with data where that is earlier (setting `today`)."""
        today = self.clock_today()
        if self.settings.today == "clock" or release is None or release.data_to is None:
            return today
        return min(today, release.data_to)

    def calendar(self, release: OpenRelease | None = None) -> Calendar:
        """Weeks and fiscal periods: from the table fiscal_calendar where one was loaded, else from the settings."""
        return Calendar(WEEKDAYS.index(self.settings.week_start), self._fiscal(release))

    def _fiscal(self, release: OpenRelease | None) -> FiscalCalendar:
        chosen = self.settings.fiscal
        if release is not None and release.rows_of("fiscal_calendar"):
            found = self._loaded_calendars.get(release.number)
            if found is None:
                found = _loaded_calendar(release, self.settings.shop_id, chosen.restated)
                self._loaded_calendars = {release.number: found}  # a release never changes; few are asked at a time
            return found
        rule = replace(PRESETS[chosen.preset], restated=chosen.restated)
        if rule.pattern == "months":
            rule = replace(rule, start_month=chosen.start_month)
        first = (release.data_from if release else None) or self.clock_today()
        last = (release.data_to if release else None) or self.clock_today()
        return _generated(rule, date(first.year - 2, 1, 1), date(last.year + 1, 12, 31))

    # data

    def load(
        self,
        path: str | Path | Sequence[str | Path],
        mapping: str | Path | None = None,
        preset: str | None = None,
        source: str = "files",
        as_of: str | date | datetime | None = None,
        replaces: Sequence[Mapping[str, Any]] = (),
        progress: Progress = silent,
        created_by: str | None = None,
    ) -> LoadReport:
        """Land files: all of them or none. Nothing is asked of them until the next build."""
        if source == DESK:
            raise QuestionError(f"{DESK} is the source of the return desk: name another.", field="source", value=source)
        from tillsight.pipeline.landing import load

        return load(
            self.path,
            self.database,
            self.settings,
            path,
            mapping=Path(mapping) if mapping else None,
            preset=preset,
            source=source,
            as_of=self.moment(as_of) if as_of is not None else None,
            replaces=replaces,
            progress=progress,
            created_by=created_by,
        )

    def build(self, progress: Progress = silent, *, wait: bool = True) -> Release:
        """Build a release from everything that is landed, and publish it. What changed at the return desk is landed first;
        erasures that were begun are finished by it."""
        self.note_settings()
        flow(self.path, self.database, self.settings, progress)
        begun = self.desk.unfinished()
        release = build(self.path, self.settings, self.database, self.catalogue, progress=progress, wait=wait)
        if begun:
            privacy.finish(self, begun, progress)
        return release

    def drop_older_releases(self) -> int:
        """Forget every release but the one that answers now, and delete their files at once. Returns how many."""
        dropped = drop_older(self.path, self.settings, self.database)
        self.releases.forget_collected()
        return dropped

    def note_settings(self) -> None:
        """Tell the audit log where the settings are not what they were when it was told last: they are changed in a file."""
        said = self.settings.model_dump(mode="json")
        for address in ("database_url", "warehouse_url", "cache_url"):
            if said[address]:
                said[address] = "(set)"  # it may hold a password
        with self.database.write() as session:
            audit.record_change(session, who="system", action="settings.changed", subject="settings:file", value=said)

    def would_remove(self) -> privacy.Removed:
        """What the rules of retention would remove now (settings, retention). Changes nothing."""
        return privacy.would_remove(self.path, self.database, self.settings)

    def retain(self, who: str = "system", progress: Progress = silent) -> privacy.Removed:
        """Remove what the rules of retention do not keep any longer, build, and drop the releases that still have it."""
        with build_lock(self.path, progress, wait=True):
            removed = privacy.remove(self.path, self.database, self.settings, who, progress)
        if removed.any:
            if self.loads(1):
                self.build(progress)
            self.drop_older_releases()
            privacy.clear_free_pages(self.database)
        return removed

    @cached_property
    def desk(self) -> privacy.Desk:
        """What is done about a person: find, export, erase, write down a choice."""
        return privacy.Desk(self.path, self.settings, self.database)

    @cached_property
    def goals(self) -> Goals:
        """What is to be reached, and every change of it."""
        return Goals(self.database)

    @cached_property
    def return_desk(self) -> ReturnDesk:
        """Where returns are begun and worked."""
        return ReturnDesk(self.path, self.database, self.settings, self.releases)

    @cached_property
    def return_measures(self) -> Measures:
        """What was done against returns."""
        return Measures(self.database)

    @cached_property
    def returns(self) -> Listing:
        """Every return at once: list, board, tracking record."""
        return Listing(self.database, self.settings, self.releases)

    def consented(self, customers: pa.Table, purpose: privacy.Purpose) -> pa.Table:
        """Of a list of persons those who may be used for a purpose; see `privacy.consented`. For every list that is handed out."""
        return privacy.consented(self.path, self.database, self.settings, customers, purpose)

    def loads(self, limit: int = 1000) -> list[Load]:
        """Committed loads, the newest first."""
        with self.database.read() as session:
            query = (
                select(Load)
                .where(Load.state == "committed")
                .order_by(Load.created_at.desc(), Load.id.desc())
                .limit(limit)
            )
            return list(session.scalars(query))

    def get_load(self, load_id: str) -> Load:
        """One load. Raises NotFoundError."""
        with self.database.read() as session:
            load = session.get(Load, load_id)
        if load is None:
            raise NotFoundError(f"There is no load {load_id!r}.", load=load_id)
        return load

    def rejects(self, load_id: str, scope: Scope = EVERYTHING) -> pa.Table:
        """The rows of a load that could not be read: file, line, table, column, value, reason, row.

        To somebody who sees persons masked, the whole row and values of personal columns are hidden.
        """
        from tillsight.pipeline.landing import rejects

        self.get_load(load_id)
        found = rejects(self.path, load_id)
        return masked_rejects(found) if scope.masked else found

    def status(self) -> Status:
        """What is loaded and built."""
        number = self.releases.current_number()
        with (
            self.database.read() as session
        ):  # not opened: this tells where the engine is, even when it does not answer
            release = session.get(Release, number) if number is not None else None
        rows = {name: entry["rows"] for name, entry in release.manifest["tables"].items()} if release else {}
        return Status(self.settings.name, described(self.settings), release, len(self.loads()), rows)

    @cached_property
    def grains(self) -> list[str]:
        """Every grain that can be asked."""
        return list(GRAINS)

    def periods(self, release: OpenRelease | None = None) -> list[dict[str, str]]:
        """Every named period with the days that it means now."""
        calendar, today = self.calendar(release), self.today(release)
        first = (release.data_from if release else None) or today
        periods = []
        for name, title in NAMED_PERIODS.items():
            period = calendar.named(name, today, first)
            periods.append(
                {"name": name, "title": title, "start": period.start.isoformat(), "end": period.end.isoformat()}
            )
        return periods


def _boolean(value: Any) -> bool:
    return value if isinstance(value, bool) else {"true": True, "false": False}[str(value).lower()]


def _parameter(parameter: Parameter, value: Any) -> Any:
    """A parameter as its type; text from a command line or an address is read. Raises QuestionError."""
    if value is None:
        return parameter.default
    readers: dict[str, Callable[[Any], Any]] = {"text": str, "integer": int, "number": float, "boolean": _boolean}
    try:
        made = readers[parameter.type](value)
    except (ValueError, KeyError, TypeError):
        raise QuestionError(
            f"{parameter.name} is a {parameter.type}, not {value!r}.", field=parameter.name, value=str(value)
        ) from None
    if parameter.choices and made not in parameter.choices:
        raise QuestionError(
            f"{parameter.name} is one of {', '.join(parameter.choices)}.", field=parameter.name, value=made
        )
    if parameter.minimum is not None and made < parameter.minimum:
        raise QuestionError(f"{parameter.name} is at least {parameter.minimum:g}.", field=parameter.name, value=made)
    if parameter.maximum is not None and made > parameter.maximum:
        raise QuestionError(f"{parameter.name} is at most {parameter.maximum:g}.", field=parameter.name, value=made)
    return made


_CALENDARS: dict[tuple[Any, date, date], FiscalCalendar] = {}


def _generated(rule: Any, first: date, last: date) -> FiscalCalendar:
    key = (rule, first, last)
    if key not in _CALENDARS:
        _CALENDARS[key] = generate(rule, first, last)
    return _CALENDARS[key]


def _loaded_calendar(release: OpenRelease, shop_id: str, restated: bool) -> FiscalCalendar:
    """The calendar of the shop of the settings, else of the first shop that has one."""
    table = release.files.run_sql(
        "SELECT start_date, end_date, fiscal_year, fiscal_quarter, fiscal_period, fiscal_week FROM fiscal_calendar "
        "WHERE shop_id = (SELECT shop_id FROM fiscal_calendar ORDER BY shop_id <> ?, shop_id LIMIT 1) ORDER BY start_date",
        [shop_id],
    )
    try:
        return FiscalCalendar((FiscalWeek(*row.values()) for row in table.to_pylist()), restated=restated)
    except ValueError as error:
        return FiscalCalendar([], problem=str(error))
