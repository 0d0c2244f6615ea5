"""What persons allow: marketing by each way, profiling, tracking, and sale or sharing of their data (CCPA).

The last decision counts; what was written down here goes before what the shop's own files say. Marketing is only allowed
where it was granted; sale, sharing and the rest are allowed until they are refused. Whoever hands out a list of persons
passes it through `consented` first.
"""

from __future__ import annotations

from typing import Any, Literal, get_args

import duckdb
import pyarrow as pa
from sqlalchemy import delete, select

from tillsight import audit
from tillsight.core.errors import QuestionError
from tillsight.core.settings import Settings
from tillsight.database import ConsentChoice, Database, now
from tillsight.privacy.landed import engine, landed_loads, name_tables
from tillsight.privacy.persons import Person, rows_of
from tillsight.privacy.tags import compared_sql, define_tag, tag_of

KEY = "consent"
Purpose = Literal["email", "sms", "phone", "mail", "push", "profiling", "tracking", "sale"]
PURPOSES: dict[str, str] = {
    "email": "Marketing by e-mail",
    "sms": "Marketing by text message",
    "phone": "Marketing by telephone",
    "mail": "Marketing by post",
    "push": "Marketing by push message",
    "profiling": "Personal analysis",
    "tracking": "Tracking on the web",
    "sale": "Sale or sharing of data",
}
ASKED_FIRST = frozenset({"email", "sms", "phone", "mail", "push"})
"""Uses that need a yes; the others are allowed until somebody says no."""


def consented(
    workspace_path: Any, database: Database, settings: Settings, customers: pa.Table, purpose: Purpose
) -> pa.Table:
    """Of a list of persons, those who may be used for a purpose.

    `customers`: a table with a column `customer_id`, and `shop_id` where there are several shops; the rows come back in
    their order, without those who refused, did not consent where it needs a yes, or have no number. Where a list does not say
    of which shop a number is, a refusal in any shop that has the number counts.
    """
    if "customer_id" not in customers.column_names:
        raise QuestionError("A list of persons needs the column customer_id.", field="customer_id")
    _known(purpose)
    places = customers.append_column("_place", pa.array(range(customers.num_rows), pa.int64()))
    shops = "SELECT _place, customer_id, shop_id FROM listed"
    if "shop_id" not in customers.column_names:
        shops = (
            "SELECT _place, customer_id, shop_id FROM listed CROSS JOIN (SELECT shop_id FROM customers UNION "
            "SELECT shop_id FROM customer_consents UNION SELECT $shop) WHERE shop_id IS NOT NULL"
        )
    with engine(workspace_path, settings) as connection:
        name_tables(connection, landed_loads(workspace_path, database), ["customers", "customer_consents"])
        _hold_choices(connection, database)
        connection.register("listed", places)
        value = compared_sql("customer", "customer_id")
        names = ", ".join(f'listed."{name}"' for name in customers.column_names)
        allowed = "false" if purpose in ASKED_FIRST else "true"
        given: dict[str, Any] = {"purpose": purpose}
        if "shop_id" not in customers.column_names:
            given["shop"] = settings.shop_id
        return connection.execute(
            f"WITH one AS (SELECT _place, {value} AS customer FROM ({shops}) AS l WHERE customer_id IS NOT NULL), "
            f"said AS (SELECT {value} AS customer, arg_max(is_granted, decided_at) AS granted FROM customer_consents "
            "WHERE purpose = $purpose GROUP BY 1), "
            "stands AS (SELECT _place, bool_and(coalesce(choices.granted, said.granted)) AS granted FROM one "
            "LEFT JOIN choices ON choices.purpose = $purpose AND choices.tag = tag_of('customer', one.customer) "
            "LEFT JOIN said ON said.customer = one.customer GROUP BY _place) "
            f"SELECT {names} FROM listed JOIN stands ON stands._place = listed._place "
            f"WHERE coalesce(stands.granted, {allowed}) ORDER BY listed._place",
            given,
        ).to_arrow_table()


def choose(
    database: Database, person: Person, purpose: str, granted: bool, who: str, address: str | None = None
) -> None:
    """Write down what a person chose. Raises QuestionError for an unknown use, or a person without a customer's number."""
    _known(purpose)
    if not person.customers:
        raise QuestionError("A choice is kept for customers with a number; this person has none.", field="identifier")
    with database.write() as session:
        key = audit.made_inner_key(session, KEY)
        before = None
        for customer in person.customers:
            tag = tag_of(key, "customer", customer.compared)
            kept = session.get(ConsentChoice, (tag, purpose))
            if kept is None:
                session.add(ConsentChoice(tag=tag, purpose=purpose, granted=granted, decided_by=who))
            else:
                before = kept.granted
                kept.granted, kept.decided_at, kept.decided_by = granted, now(), who
        audit.record(
            session,
            who=who,
            action="person.consent_changed",
            subject="person",
            before={"purpose": purpose, "granted": before},
            after={"purpose": purpose, "granted": granted, "person": person.first.to_dict()},
            person=person.first.value,
            address=address,
        )


def choices(database: Database, person: Person) -> list[dict[str, Any]]:
    """What was written down here of a person's choices."""
    with database.read() as session:
        key = audit.inner_key(session, KEY)
        tags = [tag_of(key, "customer", one.compared) for one in person.customers] if key else []
        rows = session.scalars(select(ConsentChoice).where(ConsentChoice.tag.in_(tags)).order_by(ConsentChoice.purpose))
        return [{"purpose": row.purpose, "granted": row.granted, "decided_at": row.decided_at} for row in rows]


def standing(connection: duckdb.DuckDBPyConnection, database: Database, person: Person) -> list[dict[str, Any]]:
    """For every use whether it is allowed, since when, and who says so: `here`, `files`, or `default`."""
    rows = connection.execute(
        "SELECT purpose, arg_max(is_granted, decided_at), max(decided_at) FROM customer_consents "
        f"WHERE {rows_of('customer_consents')} GROUP BY purpose"
    ).fetchall()
    said = {row[0]: (bool(row[1]), row[2]) for row in rows}
    here = {choice["purpose"]: choice for choice in choices(database, person)}
    result = []
    for purpose, title in PURPOSES.items():
        granted, since, source = purpose not in ASKED_FIRST, None, "default"
        if purpose in said:
            granted, since, source = said[purpose][0], said[purpose][1].isoformat() + "Z", "files"
        if purpose in here:
            granted, since, source = here[purpose]["granted"], here[purpose]["decided_at"].isoformat(), "here"
        result.append({"purpose": purpose, "title": title, "granted": granted, "since": since, "source": source})
    return result


def forget(database: Database, person: Person) -> None:
    """Forget what was written down here of a person's choices."""
    with database.write() as session:
        key = audit.inner_key(session, KEY)
        if key is not None:
            tags = [tag_of(key, "customer", one.compared) for one in person.customers]
            session.execute(delete(ConsentChoice).where(ConsentChoice.tag.in_(tags)))


def _hold_choices(connection: duckdb.DuckDBPyConnection, database: Database) -> None:
    with database.read() as session:
        key = audit.inner_key(session, KEY)
        rows = session.execute(select(ConsentChoice.tag, ConsentChoice.purpose, ConsentChoice.granted)).all()
    define_tag(connection, key or b"")
    connection.execute("CREATE OR REPLACE TEMP TABLE choices (tag VARCHAR, purpose VARCHAR, granted BOOLEAN)")
    if rows:
        connection.executemany("INSERT INTO choices VALUES (?, ?, ?)", [list(row) for row in rows])


def _known(purpose: str) -> None:
    if purpose not in get_args(Purpose):
        raise QuestionError(
            f"There is no use {purpose!r}; there are {', '.join(PURPOSES)}.", field="purpose", value=purpose
        )
