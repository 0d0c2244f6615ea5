"""What cannot be asked is refused in one sentence that says what can; what can be written in several ways means the same."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from tests.metrics.conftest import Pair

from tillsight.core.errors import NotAllowedError, NotFoundError, QuestionError, TillsightError, TooBigError
from tillsight.core.scope import Scope
from tillsight.metrics.compile import LONG
from tillsight.metrics.question import Filter, ask_for, parse_filter
from tillsight.shop import Shop


@pytest.fixture(scope="module")
def shop(pairs: list[Pair]) -> Shop:
    return pairs[0][0]


WRONG: list[tuple[type[TillsightError], str, dict[str, Any]]] = [
    (NotFoundError, r"no metric 'revenu'\. Did you mean revenue", {"metrics": "revenu"}),
    (NotFoundError, r"no metric 'customer_churn'", {"metrics": "customer_churn"}),
    (QuestionError, "at least one metric", {"metrics": ""}),
    (QuestionError, "at least one metric", {"metrics": " , "}),
    (NotFoundError, r"no dimension 'contry'\. Did you mean country", {"metrics": "revenue", "by": "contry"}),
    (NotFoundError, r"no dimension 'contry'", {"metrics": "revenue", "where": "contry=FR"}),
    (
        QuestionError,
        r"Churn rate cannot be cut by product_id\. It can be cut by: shop, channel",
        {"metrics": "churn_rate", "by": "product_id"},
    ),
    (
        QuestionError,
        r"Churn rate cannot be cut by category",
        {"metrics": "revenue,churn_rate", "where": "category=Lamps"},
    ),
    (QuestionError, r"no grain 'hour'. Choose one of: day, week", {"metrics": "revenue", "grain": "hour"}),
    (QuestionError, "whole period, without a grain", {"metrics": "second_purchase_rate", "grain": "month"}),
    (
        QuestionError,
        "only meaningful by cohort and cohort_age: add --by cohort,cohort_age",
        {"metrics": "cohort_retention_rate"},
    ),
    (QuestionError, "needs something to be a share of", {"metrics": "product_contribution"}),
    (
        QuestionError,
        "no period 'last_fortnight'. Choose one of: today",
        {"metrics": "revenue", "period": "last_fortnight"},
    ),
    (
        QuestionError,
        "named period or dates, not both",
        {"metrics": "revenue", "period": "today", "start": "2024-01-01"},
    ),
    (
        QuestionError,
        "from must be a day such as 2026-11-14, not '2024-02-30'",
        {"metrics": "revenue", "start": "2024-02-30"},
    ),
    (QuestionError, "to must be a day", {"metrics": "revenue", "end": "tomorrow"}),
    (
        QuestionError,
        "ends on 2024-01-01 before it starts on 2024-02-01",
        {"metrics": "revenue", "start": "2024-02-01", "end": "2024-01-01"},
    ),
    (QuestionError, "limit must be 1 or more, not 0", {"metrics": "revenue", "by": "country", "limit": 0}),
    (QuestionError, "limit must be 1 or more, not -3", {"metrics": "revenue", "by": "country", "limit": -3}),
    (QuestionError, "offset must be 0 or more", {"metrics": "revenue", "by": "country", "limit": 1, "offset": -1}),
    (QuestionError, "give a limit too", {"metrics": "revenue", "by": "country", "offset": 1}),
    (
        QuestionError,
        r"Cannot sort by 'orders': it is not a column of the answer \(country, revenue\)",
        {"metrics": "revenue", "by": "country", "sort": "-orders"},
    ),
    (
        QuestionError,
        "Cannot sort by 'revenue_change'",
        {"metrics": "revenue", "by": "country", "sort": "revenue_change"},
    ),
    (
        QuestionError,
        "Cannot sort by 'discount_rate_change_rate'",
        {"metrics": "discount_rate", "by": "country", "sort": "discount_rate_change_rate", "compare": "previous"},
    ),
    (
        QuestionError,
        r"filter 'country' cannot be read\. Write it as country=France",
        {"metrics": "revenue", "where": "country"},
    ),
    (QuestionError, "cannot be read", {"metrics": "revenue", "where": "=France"}),
    (
        QuestionError,
        "filter on country needs a value; for rows without one write country is null",
        {"metrics": "revenue", "where": "country="},
    ),
    (QuestionError, "needs a value", {"metrics": "revenue", "where": "country in ()"}),
    (
        QuestionError,
        "needs a value",
        {"metrics": "revenue", "where": [{"dimension": "country", "op": "=", "values": None}]},
    ),
    (
        QuestionError,
        "no operator 'like'. Choose one of: =, !=",
        {"metrics": "revenue", "where": [{"dimension": "country", "op": "like", "values": ["F"]}]},
    ),
    (
        QuestionError,
        "takes one value, not 2",
        {"metrics": "revenue", "where": [{"dimension": "hour", "op": ">", "values": [1, 2]}]},
    ),
    (QuestionError, "Hour of the day is a whole number, not 'noon'", {"metrics": "revenue", "where": "hour=noon"}),
    (QuestionError, "is a whole number, not '1.5'", {"metrics": "revenue", "where": "hour=1.5"}),
    (QuestionError, "is a whole number, not 'NaN'", {"metrics": "revenue", "where": "hour=NaN"}),
    (
        QuestionError,
        "is a whole number, not '99999999999999999999'",
        {"metrics": "revenue", "where": "hour=99999999999999999999"},
    ),
    (
        QuestionError,
        "is a whole number or one of Monday, .*, not 'Someday'",
        {"metrics": "revenue", "where": "weekday=Someday"},
    ),
    (QuestionError, "filter on cohort must be a day", {"metrics": "revenue", "where": "cohort=2024-01"}),
    (
        QuestionError,
        "Hour of the day is not a text, so it cannot contain '1'",
        {"metrics": "revenue", "where": "hour~1"},
    ),
    (
        QuestionError,
        "too fine; take a coarser grain",
        {"metrics": "revenue", "grain": "day", "start": "1950-01-01", "end": "2024-01-01"},
    ),
]


@pytest.mark.parametrize(("kind", "message", "parts"), WRONG, ids=[message[:40] for _, message, _ in WRONG])
def test_a_wrong_question_is_one_clear_sentence(
    shop: Shop, kind: type[TillsightError], message: str, parts: dict[str, Any]
) -> None:
    with pytest.raises(kind, match=message) as caught:
        shop.query(**parts)
    assert caught.value.exit_code == 2
    assert "field" in caught.value.details
    assert "\n" not in caught.value.message


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("country=France", Filter("country", "=", ("France",))),
        ("  country  !=  France ", Filter("country", "!=", ("France",))),
        ('country="New Zealand"', Filter("country", "=", ("New Zealand",))),
        ("country in (France, 'Korea, South', \"A b\")", Filter("country", "in", ("France", "Korea, South", "A b"))),
        ("country NOT IN (France)", Filter("country", "not in", ("France",))),
        ("product~50% (new)", Filter("product", "contains", ("50% (new)",))),
        ("brand is null", Filter("brand", "is null")),
        ("brand IS NOT NULL", Filter("brand", "is not null")),
        ("product=a>=b", Filter("product", "=", ("a>=b",))),
        ("hour>=10", Filter("hour", ">=", ("10",))),
        ("industry=x", Filter("industry", "=", ("x",))),
        ("product=in (brackets)", Filter("product", "=", ("in (brackets)",))),
    ],
)
def test_filters_as_people_write_them(text: str, expected: Filter) -> None:
    assert parse_filter(text) == expected
    if expected.op not in ("contains",):
        assert parse_filter(str(expected)).dimension == expected.dimension


def test_a_question_written_in_several_ways_is_one() -> None:
    first = ask_for("revenue, orders", by="country", start="2024-01-01", where="hour=1")
    second = ask_for(
        ["revenue", "orders", "revenue"],
        by=["country"],
        start=date(2024, 1, 1),
        where=[{"dimension": "hour", "value": 1}],
    )
    assert first == second
    assert ask_for("revenue", compare="2024-01-01..2024-01-31") == ask_for(
        "revenue", compare={"from": "2024-01-01", "to": "2024-01-31"}
    )


def test_text_from_a_question_never_becomes_sql(shop: Shop) -> None:
    for value in ("x' OR '1'='1", "x'); DROP TABLE sales; --", 'x" OR 1=1', "%", "_", "\\"):
        assert shop.query("orders", where=[Filter("country", "=", (value,))]).to_records() == [{"orders": 0}]
        assert shop.query("orders", by="country", where=[Filter("country", "contains", (value,))]).to_records() == []


def test_a_scope_bounds_every_figure(pairs: list[Pair]) -> None:
    """Who may see France only sees what a filter on France shows; what cannot be cut by country is refused, not shown whole."""
    shop, _ = pairs[0]
    france = Scope("limited", (("country", ("FR",)),))
    names = "revenue,orders,customers,average_order_value,churn_rate"
    assert shop.query(names, scope=france).to_records() == shop.query(names, where="country=FR").to_records()
    by = shop.query("revenue", by="country", scope=france)
    assert [row["country"] for row in by.to_records()] == ["FR"]
    assert by.totals == shop.query("revenue", by="country", where="country=FR").totals
    rest = shop.query("revenue,product_contribution", by="product_id", limit=1, others=True, scope=france)
    assert (
        rest.to_records()
        == shop.query(
            "revenue,product_contribution", by="product_id", limit=1, others=True, where="country=FR"
        ).to_records()
    )
    rows = shop.rows("revenue", limit=500, scope=france)
    assert {row["country"] for row in rows.to_records()} == {"FR"}
    assert (
        shop.explain("revenue", scope=france).value
        == shop.query("revenue", where="country=FR").to_records()[0]["revenue"]
    )
    with pytest.raises(NotAllowedError, match="some values of country only"):
        shop.query("marketing_spend", scope=france)


@pytest.mark.parametrize("odd", ["it's", "a\nb", "", "\\", "zwölf"])
def test_a_long_list_of_any_words_is_a_list(pairs: list[Pair], odd: str) -> None:
    shop, _ = pairs[0]
    listed = ("FR", *(f"nobody {number}" for number in range(LONG)), odd)
    for op, few in (("in", "country=FR"), ("not in", "country!=FR")):
        found = shop.query("revenue", by="country", where=[Filter("country", op, listed)]).to_records()  # type: ignore[arg-type]
        assert found == shop.query("revenue", by="country", where=few).to_records()


def test_too_many_rows_are_refused(pairs: list[Pair], monkeypatch: pytest.MonkeyPatch) -> None:
    shop, _ = pairs[0]
    engine = shop.releases.current().engine
    monkeypatch.setattr(engine, "_limits", engine._limits.model_copy(update={"rows": 5}))  # type: ignore[attr-defined]
    with pytest.raises(TooBigError, match="more than 5 rows; add a filter, a limit or a coarser grain"):
        shop.query("revenue", by="order_id")


def test_notes_say_what_an_answer_does_not_cover(pairs: list[Pair]) -> None:
    shop, naive = pairs[0]
    early = shop.query("revenue", start="1999-01-01", end="1999-12-31")
    assert "No data in this period" in early.notes[0]["text"]
    part = shop.query("revenue", start="1999-01-01", end=naive.last)
    assert "only partly covered" in part.notes[0]["text"]
    spend = shop.query("marketing_spend")
    assert any("needs data that are not loaded yet: Marketing spend" in note["text"] for note in spend.notes)
    assert spend.to_records() == [{"marketing_spend": None}]
