"""Single customers: a list to look through, and all about one.

`customers.list`     one row per customer with an order: name, e-mail, standing, scores, segment; searched, sorted, page by page
`customers.profile`  one customer in one row
`customers.orders`   the orders of one customer, newest first, with what came back in refunds and what the order was known by
`customers.returns`  the items that one customer returned, newest first

Names and e-mail addresses come from the table of customers, and are masked for those who may not see them; whoever sees them
masked searches what he sees, so that nothing can be found out by guessing. A customer outside the rows of the one who asks
is not there for him.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ibis
import pyarrow as pa

from tillsight.core import words
from tillsight.core.errors import NotFoundError, QuestionError
from tillsight.domains.customers import acquisition, rfm
from tillsight.domains.customers.rfm import PRESET
from tillsight.domains.customers.segment_analyses import LIMIT, MEMBER_COLUMNS, OFFSET, SEGMENT, segment_of
from tillsight.domains.customers.tables import answer, columns, page, run
from tillsight.metrics.answer import Answer, sentence
from tillsight.metrics.ask import Asker
from tillsight.metrics.masking import masked, sort_of
from tillsight.metrics.model import Analysis, Notes, Parameter
from tillsight.tables.registry import TABLES
from tillsight.tables.schema import IBIS_TYPES

if TYPE_CHECKING:
    import ibis.expr.types as ir

LIST_COLUMNS = ("customer_id", "customer_name", "email", *MEMBER_COLUMNS[1:])
PROFILE_COLUMNS = (
    "customer_id", "customer_name", "email", "phone", "city", "country", "registered_day", *MEMBER_COLUMNS[1:],
    "average_order_value",
)  # fmt: skip
ORDER_COLUMNS = (
    "order_id",
    "day",
    "channel",
    "order_status",
    "units",
    "revenue",
    "discounts",
    "returned_sales",
    "known_by",
)
KNOWN_BY = ("Customer number", "E-mail", "Telephone")
RETURN_COLUMNS = ("return_id", "day", "order_id", "product_name", "units", "return_reason", "disposition")
SEARCHED = ("customer_id", "customer_name", "email")


def _people(asker: Asker) -> ir.Table:
    """What the shop knows of its customers by name: one row per customer."""
    declared = TABLES["customers"]
    rows = ibis.table({column.name: IBIS_TYPES[column.type] for column in declared.columns}, name="customers")
    given = (rows.first_name.fill_null("") + " " + rows.last_name.fill_null("")).strip().nullif("")
    return rows.select(
        "email",
        "phone",
        "city",
        "country",
        _shop="shop_id",
        _person="customer_id",
        customer_name=ibis.coalesce(rows.customer_name, given),
        registered_day=rows.registered_at.date(),
    )


def _everybody(asker: Asker, question: dict[str, Any], preset: str) -> ir.Table:
    """Everybody that the asker may see, with names, standing, scores and segment."""
    rules, period, where = rfm.rule_set(asker, preset), rfm.period_of(asker, question), rfm.filters_of(asker, question)
    stood = rfm.segmented(asker, rules, [rfm.day_of(asker, period)], where)
    people = _people(asker)
    return stood.left_join(people, [stood.shop_id == people._shop, stood.customer_id == people._person])


def _seen(asker: Asker, rows: ir.Table, name: str) -> ir.Value:
    sort = sort_of(name) if asker.scope.masked else None
    return masked(sort, rows[name]) if sort else rows[name]


def listed(
    asker: Asker,
    question: dict[str, Any],
    preset: str,
    segment: str = "",
    search: str = "",
    campaign: str = "",
    sort: str = "",
    limit: int = 1000,
    offset: int = 0,
) -> Answer:
    """Customers, the best segment and the most revenue first unless sorted otherwise; row_count counts all that match."""
    rows = _everybody(asker, question, preset)
    if segment:
        rows = rows.filter(rows.segment == segment_of(rfm.rule_set(asker, preset), segment))
    if campaign:
        members = acquisition.members(asker)
        members = members.filter(members.campaign_id == campaign, members.arm == "target")
        rows = rows.semi_join(members, ["shop_id", "customer_id"])
    if text := search.strip().lower():
        rows = rows.filter(ibis.or_(*(_seen(asker, rows, name).lower().contains(text) for name in SEARCHED)))
    order: list[Any] = ["place", ibis.desc("revenue"), "customer_key"]
    if sort:
        name = sort.removeprefix("-")
        if name not in LIST_COLUMNS:
            raise QuestionError(
                f"Cannot sort by {name!r}; there are {', '.join(LIST_COLUMNS)}.", field="sort", value=sort
            )
        column = rows.place if name == "segment" else _seen(asker, rows, name)
        order = [column.desc() if sort.startswith("-") else column.asc(), "customer_key"]
    queries: list[str] = []
    table, count = page(asker, rows.order_by(*order), LIST_COLUMNS, limit, offset, queries)
    period, where = rfm.period_of(asker, question), rfm.filters_of(asker, question)
    return answer(
        asker, table, columns(asker, LIST_COLUMNS), queries, period=period, where=where, row_count=count,
        sources=("customer_events", "customers"),
    )  # fmt: skip


def profile(asker: Asker, question: dict[str, Any], preset: str, customer: str) -> Answer:
    """One customer. Raises NotFoundError where there is none of that number that the asker may see."""
    rows = _everybody(asker, question, preset)
    rows = rows.filter(rows.customer_id == customer)
    average = rows.revenue.cast("float64") / rows.orders
    queries: list[str] = []
    table = run(asker, rows.mutate(average_order_value=average).select(*PROFILE_COLUMNS).limit(1), queries)
    if not table.num_rows:
        raise NotFoundError(
            f"There is no customer {customer!r} with an order by then, or none that is open to you.",
            field="customer",
            value=customer,
        )
    return answer(
        asker, table, columns(asker, PROFILE_COLUMNS), queries, period=rfm.period_of(asker, question),
        sources=("customer_events", "customers"),
    )  # fmt: skip


def orders(asker: Asker, question: dict[str, Any], customer: str, limit: int = 1000, offset: int = 0) -> Answer:
    """The orders of one customer in the period, cancelled ones too, newest first. Revenue is before refunds."""
    period, where = rfm.period_of(asker, question), rfm.filters_of(asker, question)
    ledger = ibis.table(dict(asker.catalogue.relations["sales"].schema), name="sales")
    rows = ledger.filter(ledger.customer_id == customer, ledger.order_key.notnull())
    rows = rfm.shown(asker, where, rows)
    placed = rows.group_by(["order_key", "shop_id", "order_id"]).agg(
        day=ibis.coalesce(rows.order_day.min(), rows.day.min()),
        channel=rows.channel.max(),
        order_status=rows.order_status.max(),
        **{name: rows[name].sum() for name in ("units", "revenue", "discounts", "returned_sales")},
    )
    placed = placed.filter(placed.day.between(ibis.date(period.start), ibis.date(period.end)))
    queries: list[str] = []
    placed = placed.left_join(_known_by(asker, customer), ["shop_id", "order_id"])
    ordered = placed.order_by(ibis.desc("day"), ibis.desc("order_key"))
    table, count = page(asker, ordered, ORDER_COLUMNS, limit, offset, queries)
    counts = run(asker, placed.group_by("known_by").agg(n=placed.count()), queries).to_pylist()
    return answer(
        asker, table, columns(asker, ORDER_COLUMNS), queries, period=period, row_count=count,
        sentences=_matched_in_words(asker, {row["known_by"]: row["n"] for row in counts}), sources=("sales", "orders"),
    )  # fmt: skip


def _known_by(asker: Asker, customer: str) -> ir.Table:
    """By what each order is one of a customer's: his number, else his e-mail address, else his telephone number."""
    declared = {
        name: ibis.table({column.name: IBIS_TYPES[column.type] for column in TABLES[name].columns}, name=name)
        for name in ("orders", "customers")
    }
    raw = declared["orders"]
    own = [table.filter(table.customer_id == customer) for table in declared.values()]
    mails = ibis.union(*(table.select(_mail=table.email.strip().lower().nullif("")) for table in own))
    mails = mails.filter(mails._mail.notnull()).distinct().mutate(_by_mail=ibis.literal(True))
    known = raw.select(
        "shop_id", "order_id", _numbered=raw.customer_id.notnull(), _mail=raw.email.strip().lower().nullif(""),
        _phone=raw.phone.notnull(),
    ).left_join(mails, "_mail")  # fmt: skip
    number, mail, phone = KNOWN_BY
    return known.select(
        "shop_id",
        "order_id",
        known_by=ibis.cases(
            (known._numbered, number),
            (known._by_mail.fill_null(False), mail),
            (known._phone, phone),
            else_=mail,
        ),
    )


def _matched_in_words(asker: Asker, counts: dict[str | None, int]) -> list[dict[str, Any]]:
    """How many orders were placed without his number, and how they were matched; nothing where none was."""
    told = [
        f"{words.number(counts[name], asker.release.locale)} by {title}"
        for name, title in zip(KNOWN_BY[1:], ("e-mail address", "telephone number"), strict=True)
        if counts.get(name)
    ]
    return [sentence(f"Orders without the customer's number were matched: {' and '.join(told)}.")] if told else []


def returns(asker: Asker, question: dict[str, Any], customer: str, limit: int = 1000, offset: int = 0) -> Answer:
    """The items that one customer returned in the period, newest first."""
    period, where = rfm.period_of(asker, question), rfm.filters_of(asker, question)
    relation = asker.catalogue.relations["returned_items"]
    shown = columns(asker, RETURN_COLUMNS)
    queries: list[str] = []
    if relation.name in asker.release.missing:
        empty = pa.table({name: pa.nulls(0, pa.string()) for name in RETURN_COLUMNS})
        notes = Notes()
        notes.add("info", "No returns are loaded, so none can be shown.")
        return answer(asker, empty, shown, queries, period=period, notes=notes, sources=(relation.name,))
    rows = ibis.table(dict(relation.schema), name=relation.name)
    rows = rows.filter(rows.customer_id == customer, rows.day.between(ibis.date(period.start), ibis.date(period.end)))
    rows = rfm.shown(asker, where, rows).order_by(ibis.desc("day"), "return_id", "line_id")
    table, count = page(asker, rows, RETURN_COLUMNS, limit, offset, queries)
    return answer(
        asker, table, shown, queries, period=period, row_count=count, sources=(relation.name,)
    )  # fmt: skip


_CUSTOMER = Parameter("customer", "text", "", "The customer, by his number.")

ANALYSES = (
    Analysis(
        "customers.list",
        "Customers",
        "customers",
        "Customers with their standing, scores and segment; searched by number, name and e-mail.",
        listed,
        (
            PRESET,
            SEGMENT,
            Parameter("search", "text", "", "Part of a number, a name or an e-mail address."),
            Parameter("campaign", "text", "", "Only those whom this campaign addressed."),
            Parameter("sort", "text", "", "A column; with - in front the largest first."),
            LIMIT,
            OFFSET,
        ),
    ),
    Analysis("customers.profile", "One customer", "customers", "All about one customer in one row.", profile, (PRESET, _CUSTOMER)),
    Analysis(
        "customers.orders", "Orders of a customer", "customers", "The orders of one customer, newest first.", orders,
        (_CUSTOMER, LIMIT, OFFSET),
    ),
    Analysis(
        "customers.returns", "Returns of a customer", "customers", "What one customer returned, newest first.", returns,
        (_CUSTOMER, LIMIT, OFFSET),
    ),
)  # fmt: skip
