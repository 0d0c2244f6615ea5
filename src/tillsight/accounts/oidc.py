"""Signing in with an account elsewhere: OpenID Connect, the code flow with PKCE (RFC 7636).

What goes out with somebody (state, nonce, verifier) comes back in a signed cookie of his browser, so nobody can be signed in
by an answer that he did not ask for. The ID token is checked against the issuer's published keys: signature, issuer,
audience, age, nonce. The role is that of the first pair whose value the claim has, taken anew at every sign-in.
"""

from __future__ import annotations

import base64
import hashlib
import os
import secrets
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import urlencode, urlsplit

import httpx
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from sqlalchemy import select

from tillsight.accounts.roles import By
from tillsight.accounts.users import described, user_name
from tillsight.audit import record
from tillsight.core.errors import NotAllowedError, NotSignedInError, SettingsError, TillsightError
from tillsight.core.settings import OidcSettings
from tillsight.database import Database, Role, User, now

SECRET_VARIABLE = "TILLSIGHT_OIDC_SECRET"  # noqa: S105 (a name, not a secret)
CALLBACK = "/api/v1/oidc/callback"
SECONDS = 10
"""How long the issuer may take for an answer."""
LEEWAY = 60
_KEPT = 600
_ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA"]


class IssuerError(TillsightError):
    """The issuer cannot be reached, or says something that cannot be understood."""

    code = "ISSUER_ERROR"
    status = 502


@dataclass(frozen=True)
class Asked:
    """What went out with somebody and must come back."""

    state: str
    nonce: str
    verifier: str

    @classmethod
    def new(cls) -> Asked:
        """Three random texts."""
        return cls(secrets.token_urlsafe(24), secrets.token_urlsafe(24), secrets.token_urlsafe(48))


class Issuer:
    """The issuer of the settings. Safe to use from many threads; what it publishes is kept for ten minutes."""

    def __init__(self, settings: OidcSettings) -> None:
        self.settings = settings
        self._lock = threading.Lock()
        self._found: tuple[float, dict[str, Any], KeySet] | None = None

    def address(self, asked: Asked, back: str) -> str:
        """Where somebody is sent to sign in. `back`: the address that he comes back to."""
        challenge = base64.urlsafe_b64encode(hashlib.sha256(asked.verifier.encode()).digest()).decode().rstrip("=")
        query = {
            "response_type": "code",
            "client_id": self.settings.client_id,
            "redirect_uri": back,
            "scope": self.settings.scopes,
            "state": asked.state,
            "nonce": asked.nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        endpoint = self._endpoint("authorization_endpoint")
        return f"{endpoint}{'&' if urlsplit(endpoint).query else '?'}{urlencode(query)}"

    def claims(self, asked: Asked, code: str, back: str) -> dict[str, Any]:
        """Who came back with a code. Raises NotSignedInError where the issuer, or its token, does not say who it is."""
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": back, "code_verifier": asked.verifier}
        secret = os.environ.get(SECRET_VARIABLE, "")
        form |= {"client_id": self.settings.client_id} | ({"client_secret": secret} if secret else {})
        try:
            response = httpx.post(self._endpoint("token_endpoint"), data=form, timeout=SECONDS)
        except httpx.HTTPError:
            raise IssuerError("The issuer of the single sign-on cannot be reached; try again.") from None
        token = _body(response).get("id_token") if response.is_success else None
        if not isinstance(token, str):
            raise NotSignedInError("The issuer did not say who you are; try again.")
        return self._checked(token, asked.nonce)

    def role_of(self, claims: Mapping[str, Any]) -> Role | None:
        """The role of the first pair whose value the claim has; the one for all others, or None."""
        held = claims.get(self.settings.claim)
        values = (
            {str(value) for value in held} if isinstance(held, list) else {str(held)} if held is not None else set()
        )
        for pair in self.settings.roles:
            value, _, role = pair.rpartition("=")
            if value in values:
                return cast("Role", role)
        return self.settings.otherwise or None

    def _checked(self, token: str, nonce: str) -> dict[str, Any]:
        registry = jwt.JWTClaimsRegistry(
            leeway=LEEWAY,
            iss={"essential": True, "value": str(self._document()["issuer"])},
            aud={"essential": True, "value": self.settings.client_id},
            sub={"essential": True},
            exp={"essential": True},
            iat={"essential": True},
            nonce={"essential": True, "value": nonce},
        )
        for fresh in (False, True):  # keys change: one that is not known may be new
            try:
                read = jwt.decode(token, self._keys(fresh), algorithms=_ALGORITHMS)
                registry.validate(read.claims)
            except (JoseError, ValueError):
                continue
            claims = dict(read.claims)
            if (
                isinstance(claims["aud"], list)
                and len(claims["aud"]) > 1
                and claims.get("azp") != self.settings.client_id
            ):
                break
            return claims
        raise NotSignedInError("What the issuer said about you cannot be trusted; try again.")

    def _endpoint(self, name: str) -> str:
        address = self._document().get(name)
        if not isinstance(address, str) or not _safe(address):
            raise IssuerError(f"The issuer of the single sign-on publishes no usable {name}.")
        return address

    def _document(self) -> dict[str, Any]:
        return self._published(False)[0]

    def _keys(self, fresh: bool) -> KeySet:
        return self._published(fresh)[1]

    def _published(self, fresh: bool) -> tuple[dict[str, Any], KeySet]:
        with self._lock:
            if not fresh and self._found is not None and time.monotonic() - self._found[0] < _KEPT:
                return self._found[1], self._found[2]
            issuer = self.settings.issuer.rstrip("/")
            if not _safe(issuer):
                raise SettingsError(
                    "Setting oidc.issuer must begin with https:// (or be on this machine).", field="oidc.issuer"
                )
            try:
                document = _body(httpx.get(f"{issuer}/.well-known/openid-configuration", timeout=SECONDS))
                if str(document.get("issuer", "")).rstrip("/") != issuer or not _safe(str(document.get("jwks_uri"))):
                    raise IssuerError("The issuer of the single sign-on names itself differently; check oidc.issuer.")
                keys = KeySet.import_key_set(cast("Any", _body(httpx.get(str(document["jwks_uri"]), timeout=SECONDS))))
            except (httpx.HTTPError, JoseError, ValueError, KeyError):
                raise IssuerError("The issuer of the single sign-on cannot be reached; try again.") from None
            self._found = time.monotonic(), document, keys
            return document, keys


def user_of(database: Database, issuer: str, claims: Mapping[str, Any], role: Role | None, by_address: str) -> int:
    """The user of somebody who signed in elsewhere, made at his first sign-in; his role is that of the claim.

    Raises NotAllowedError where no role fits, he was switched off, or another user has his name.
    """
    subject = str(claims["sub"])
    name = user_name(str(claims.get("preferred_username") or claims.get("email") or subject))
    refused = NotAllowedError("Your account is not open for this shop; an administrator can open it.")
    with database.write() as session:
        user = session.scalar(select(User).where(User.oidc_issuer == issuer, User.oidc_subject == subject))
        allowed = role is not None and (user is None or user.active)
        if allowed and user is None and session.scalar(select(User.id).where(User.name == name)) is not None:
            # A name alone is no proof that it is the same person.
            allowed = False
        if not allowed:
            record(
                session, who=user.name if user else "(unknown)", action="session.refused", subject=f"user:{name}",
                address=by_address, after={"reason": "not open for this shop", "method": "oidc"},
            )  # fmt: skip
        else:
            before = described(user) if user else None
            if user is None:
                user = User(name=name, oidc_issuer=issuer, oidc_subject=subject, modules=[], rows={}, active=True)
                session.add(user)
            user.role = cast("Role", role)
            if user.role != "limited":
                user.modules, user.rows = [], {}
            if claims.get("email") and claims.get("email_verified", True):
                user.email = str(claims["email"])[:320]
            user.last_sign_in_at = now()
            session.flush()
            if described(user) != before:
                by = By(user.name, by_address)
                record(
                    session, who=by.name, action="user.changed" if before else "user.created", address=by.address,
                    subject=f"user:{user.name}", before=before, after=described(user),
                )  # fmt: skip
    if not allowed or user is None:
        raise refused
    return user.id


def _safe(address: str) -> bool:
    """Whether nobody on the way can read or change what is said there: TLS, or this machine."""
    parts = urlsplit(address)
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in ("127.0.0.1", "localhost", "::1"))


def _body(response: httpx.Response) -> dict[str, Any]:
    response.raise_for_status()
    body = response.json()
    if not isinstance(body, dict):
        raise ValueError("not an object")
    return body
