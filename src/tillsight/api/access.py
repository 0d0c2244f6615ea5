"""Doors: who may call an endpoint. The default is nobody, so a route without a rule is refused when the server is made.

A route says who may call it with `Reader`, `Writer` or `Anybody` as the type of a parameter, which is then the one who is
signed in; or with `dependencies=[OPEN]` when nobody needs to sign in.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

from fastapi import Depends
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from tillsight.accounts import EVERYBODY, READERS, WRITERS, Roles, SignedIn, require
from tillsight.api.services import Given
from tillsight.core.errors import NotSignedInError

_bearer = HTTPBearer(
    auto_error=False, scheme_name="access_token", description="The access token that POST /api/v1/auth/login gives."
)


class Allow:
    """The rule of a door: the roles that may come in."""

    def __init__(self, roles: Roles) -> None:
        self.roles = roles

    def __call__(
        self, given: Given, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
    ) -> SignedIn:
        """Who is signed in. Raises NotSignedInError, and NotAllowedError for another role."""
        if credentials is None:
            raise NotSignedInError("You are not signed in: sign in first.")
        who = given.sessions.who(credentials.credentials)
        require(who.role, self.roles)
        return who


class Open:
    """The rule of a door that is open to all."""

    def __call__(self) -> None:
        """Nothing is asked."""


OPEN = Depends(Open())
Reader = Annotated[SignedIn, Depends(Allow(READERS))]
Writer = Annotated[SignedIn, Depends(Allow(WRITERS))]
Anybody = Annotated[SignedIn, Depends(Allow(EVERYBODY))]


class Door(APIRoute):
    """A route that has exactly one rule. RuntimeError for one without, when the server is made."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        rules = list(rules_of(self.dependant))
        if len(rules) != 1:
            raise RuntimeError(f"{self.path}: a route needs one rule of who may call it, not {len(rules)}")
        self.rule = rules[0]


def rules_of(dependant: Dependant) -> Iterator[Allow | Open]:
    """Every rule among the dependencies of a route."""
    for part in dependant.dependencies:
        if isinstance(part.call, Allow | Open):
            yield part.call
        yield from rules_of(part)
