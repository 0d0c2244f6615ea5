"""What the endpoints work with: the shop, sessions, jobs and the answers that are kept. One for each server."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Annotated

from fastapi import Depends, Request

from tillsight.accounts import Known, RateLimit, Sessions, SignedIn
from tillsight.accounts.oidc import Issuer
from tillsight.api.keeping import KeptAnswers
from tillsight.api.shared import RedisAnswers
from tillsight.core.scope import Scope
from tillsight.jobs import Jobs
from tillsight.metrics.permission import bound
from tillsight.shop import DOMAINS, Shop
from tillsight.vault import Keys


@dataclass(frozen=True)
class Services:
    """`carry` hands a queued job to the worker. `cookie`: its own name in each workspace, as ports share cookies.

    `requests`, `key_requests`, `sign_ins`: how many of each there may be. `issuer`: for single sign-on, if there is one.
    """

    shop: Shop
    sessions: Sessions
    jobs: Jobs
    carry: Callable[[str], None]
    kept: KeptAnswers
    cookie: str
    requests: RateLimit
    key_requests: RateLimit
    sign_ins: RateLimit
    issuer: Issuer | None

    @classmethod
    def of(cls, shop: Shop, carry: Callable[[str], None]) -> Services:
        """The services of a shop."""
        limits = shop.settings.accounts
        keys = Keys.open(shop.path)
        address, release = shop.settings.cache_url, shop.releases.current_number
        answers = KeptAnswers(
            shop.settings.limits.cache_mb * 1_000_000, RedisAnswers(address, keys, release) if address else None
        )
        shop.releases.when_changed(answers.clear)
        shop.builds_at_once = False
        return cls(
            shop=shop,
            sessions=Sessions(shop.database, keys, shop.settings),
            jobs=Jobs(shop.database),
            carry=carry,
            kept=answers,
            cookie=f"tillsight-{hashlib.sha256(str(shop.path).encode()).hexdigest()[:8]}",
            requests=RateLimit(shop.database, "user", limits.requests_per_minute),
            key_requests=RateLimit(shop.database, "key", limits.key_requests_per_minute),
            sign_ins=RateLimit(shop.database, "sign-in", limits.sign_ins_per_minute),
            issuer=Issuer(shop.settings.oidc) if shop.settings.oidc.issuer else None,
        )

    def scope(self, who: SignedIn) -> Scope:
        """Who asks, and what of the shop he may see."""
        return who.scope

    @property
    def known(self) -> Known:
        """What access can be given to: modules, and dimensions with their values."""
        return Known(tuple(DOMAINS), partial(bound, self.shop.catalogue))


async def services(request: Request) -> Services:
    """The services of the server that got the request."""
    found: Services = request.app.state.services
    return found


Given = Annotated[Services, Depends(services)]
