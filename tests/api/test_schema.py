"""The API does what its description says, whatever is asked: no failure inside, no answer that is not described.

Schemathesis makes requests from the description, right and wrong ones, for every operation; an administrator asks them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, settings
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from sqlalchemy import select
from tests.api.conftest import MANIFEST, PASSWORD, ROLES, rows, signed_in
from tests.support.shops import make_shop

from tillsight.accounts import add_user, passwords
from tillsight.api.app import create_app, openapi_document
from tillsight.database import Load
from tillsight.shop import Shop

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900), pytest.mark.feature("PLT-01")]

EXAMPLES = 15
"""Requests for each operation."""
PATIENCE = 120
"""Seconds that an answer may take: a machine that does other things as well is slow, not broken."""
DOCUMENT = openapi_document()
LEFT_OUT = {
    # they end the session or change the account that asks, so that every later answer would be: you are not signed in
    "logout", "end_own_session", "end_own_sessions", "end_session", "end_sessions", "set_own_password", "change_access", "delete_user",
}  # fmt: skip
CHECKS = (not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance)


@pytest.fixture(scope="module")
def made_shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A shop of its own: what is asked changes it."""
    cheap = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=1024, parallelism=1),))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_HASHER", cheap)
        limits = {"sign_ins_per_minute": 0, "requests_per_minute": 0, "key_requests_per_minute": 0}
        shop = make_shop(tmp_path_factory.mktemp("schema") / "shop", rows(), accounts=limits)
        with shop.database.write() as session:
            for load in session.scalars(select(Load)):
                load.manifest = load.manifest | MANIFEST
        for role in ROLES:
            add_user(shop.database, role, PASSWORD, role)
        yield shop
    shop.close()


@pytest.fixture(scope="module")
def served(made_shop: Shop) -> FastAPI:
    return create_app(made_shop, hosts=None)


@pytest.fixture(scope="module")
def described(served: FastAPI) -> Any:
    """The description, read once: that takes longer than to ask."""
    schema = schemathesis.openapi.from_dict(DOCUMENT)
    schema.app = served
    return schema


def test_every_operation_that_is_left_out_exists() -> None:
    known = {operation["operationId"] for item in DOCUMENT["paths"].values() for operation in item.values()}
    assert known >= LEFT_OUT


def operations() -> list[tuple[str, str]]:
    """Every operation of the description, by method and path."""
    return [
        (method, path)
        for path, item in DOCUMENT["paths"].items()
        for method, operation in item.items()
        if operation["operationId"] not in LEFT_OUT
    ]


@pytest.mark.parametrize(("method", "path"), operations())
def test_every_answer_is_described_and_none_is_a_failure(
    method: str, path: str, served: FastAPI, described: Any
) -> None:
    operation = described[path][method]
    token = {"Authorization": signed_in(served, "admin").headers["Authorization"]}

    @settings(
        max_examples=EXAMPLES,
        phases=(Phase.explicit, Phase.generate),
        suppress_health_check=list(HealthCheck),
        database=None,
    )
    @given(case=operation.as_strategy())
    def ask(case: Any) -> None:
        answer = case.call(headers=token, timeout=PATIENCE)
        case.validate_response(answer, checks=list(CHECKS))

    ask()
