"""What the endpoints work with: the shop, sessions, jobs and the answers that are kept. One for each server."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from tillsight.accounts import Sessions, SignedIn
from tillsight.api.keeping import KeptAnswers
from tillsight.core.scope import Scope
from tillsight.jobs import Jobs
from tillsight.shop import Shop
from tillsight.vault import Keys


@dataclass(frozen=True)
class Services:
    """`carry` hands a queued job to the worker. `cookie`: its own name in each workspace, as ports share cookies."""

    shop: Shop
    sessions: Sessions
    jobs: Jobs
    carry: Callable[[str], None]
    kept: KeptAnswers
    cookie: str

    @classmethod
    def of(cls, shop: Shop, carry: Callable[[str], None]) -> Services:
        """The services of a shop."""
        key = Keys.open(shop.path).signing_key()
        return cls(
            shop=shop,
            sessions=Sessions(shop.database, key, shop.settings.serve),
            jobs=Jobs(shop.database),
            carry=carry,
            kept=KeptAnswers(shop.settings.limits.cache_mb * 1_000_000),
            cookie=f"tillsight-{hashlib.sha256(str(shop.path).encode()).hexdigest()[:8]}",
        )

    def scope(self, who: SignedIn) -> Scope:
        """Who asks, and the rows that he may see."""
        return Scope(user=who.name)


def services(request: Request) -> Services:
    """The services of the server that got the request."""
    found: Services = request.app.state.services
    return found


Given = Annotated[Services, Depends(services)]
