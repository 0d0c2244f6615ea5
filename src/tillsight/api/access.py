"""Doors: who may call an endpoint. The default is nobody, so a route without a rule is refused when the server is made.

A route says who may call it by the type of a parameter, which is then the one who is signed in:

`Viewer`   every role; what he sees is bounded by his scope, which the route must give to whatever it asks
`Reader`   who sees everything: not Limited, as nothing here can be bounded by modules and rows
`Writer`   who loads data and builds
`Admin`    who decides about others
`Oneself`  every role, about himself; a program with a key is not a person
`Anybody`  every role and every key: who am I

or with `dependencies=[OPEN]` when nobody needs to sign in. A key goes through doors of its level (read, write, admin).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Annotated, Any, TypeVar

from fastapi import Depends, FastAPI, Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from tillsight.accounts import ADMINS, EVERYBODY, READERS, WRITERS, Level, Roles, SignedIn, require
from tillsight.api.asked import ASKED, Asked
from tillsight.api.services import Given, Services
from tillsight.api.threads import off_the_loop
from tillsight.core.errors import NotAllowedError, NotSignedInError

_bearer = HTTPBearer(
    auto_error=False,
    scheme_name="access_token",
    description="The access token that POST /api/v1/auth/login gives, or the key of a program (POST /api/v1/keys).",
)


class Allow:
    """The rule of a door: the roles that may come in, and the level that a key needs.

    `keys`: none for doors of persons. `due`: also for those who have yet to set up the second factor of their role.
    """

    def __init__(self, roles: Roles, level: Level = "read", *, keys: bool = True, due: bool = False) -> None:
        self.roles, self.level, self.keys, self.due = roles, level, keys, due

    def __call__(
        self,
        request: Request,
        given: Given,
        credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
    ) -> SignedIn:
        """Who is signed in. Raises NotSignedInError, NotAllowedError, and TooManyRequestsError with the time to wait."""
        who = self.admit(given, credentials.credentials if credentials else "", address_of(request))
        asked: Asked | None = request.scope.get(ASKED)
        if asked is not None:
            asked.admitted = self.check
        return who

    def admit(self, given: Services, bearer: str, address: str = "") -> SignedIn:
        """The same, for a token by itself."""
        if not bearer:
            raise NotSignedInError("You are not signed in: sign in first.")
        who = given.sessions.who(bearer, address)
        if who.key is not None:
            given.key_requests.take(who.key)
        else:
            given.requests.take(str(who.user_id))
        self.check(who)
        return who

    def check(self, who: SignedIn) -> None:
        """Raises NotAllowedError unless this door is open to somebody who is signed in."""
        if who.key is not None and not self.keys:
            raise NotAllowedError(
                "A key cannot do this: it is for persons who are signed in. An administrator's can do more."
            )
        if who.key is not None and self.level not in who.levels:
            raise NotAllowedError(
                f"This key does not reach this: it needs the scope {self.level}. An administrator can grant more.",
                scope=self.level,
            )
        require(who.role, self.roles)
        if who.factor_due and not self.due:
            raise NotAllowedError(
                "Your role needs a second factor: set it up in your profile first, or ask an administrator.",
                factor_due=True,
            )


class Open:
    """The rule of a door that is open to all."""

    def __call__(self) -> None:
        """Nothing is asked."""


OPEN = Depends(Open())
UPLOAD = Allow(WRITERS, "write")
Viewer = Annotated[SignedIn, Depends(Allow(EVERYBODY))]
Reader = Annotated[SignedIn, Depends(Allow(READERS))]
Writer = Annotated[SignedIn, Depends(UPLOAD)]
Admin = Annotated[SignedIn, Depends(Allow(ADMINS, "admin"))]
Oneself = Annotated[SignedIn, Depends(Allow(EVERYBODY, keys=False, due=True))]
Anybody = Annotated[SignedIn, Depends(Allow(EVERYBODY, due=True))]


class Door(APIRoute):
    """A route that has exactly one rule. RuntimeError for one without, when the server is made.

    Its function works in a thread, so that nothing waits for it that need not.
    """

    questions = False

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        questions = self.questions and not getattr(endpoint, _ASKS_NOTHING, False)
        super().__init__(path, off_the_loop(endpoint, questions=questions), **options)
        rules = list(rules_of(self.dependant))
        if len(rules) != 1:
            raise RuntimeError(f"{self.path}: a route needs one rule of who may call it, not {len(rules)}")
        self.rule = rules[0]


class QuestionDoor(Door):
    """A route that asks the engine: few of them work at a time, and the others wait without a thread."""

    questions = True


Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])
_ASKS_NOTHING = "_asks_nothing"


def asks_nothing(endpoint: Endpoint) -> Endpoint:
    """One among questions that does not ask the engine, such as a list of what can be asked: it does not wait for questions."""
    setattr(endpoint, _ASKS_NOTHING, True)
    return endpoint


def rules_of(dependant: Dependant) -> Iterator[Allow | Open]:
    """Every rule among the dependencies of a route."""
    for part in dependant.dependencies:
        if isinstance(part.call, Allow | Open):
            yield part.call
        yield from rules_of(part)


def doors(app: FastAPI) -> Iterator[tuple[str, Door]]:
    """Every route of an app with its method. RuntimeError for one that is no door."""
    for item in app.routes:
        router = getattr(item, "original_router", None)
        for route in router.routes if router is not None else [item]:
            if not isinstance(route, Door):
                raise RuntimeError(f"{route} has no rule of who may call it")
            for method in sorted(route.methods or ()):
                yield method, route


def address_of(request: Request) -> str:
    """Where a request comes from, as far as this server or the proxy on its machine can tell."""
    return request.client.host if request.client else ""
