"""Which columns of text say the same words whatever the data are."""

from __future__ import annotations

import ibis

from tillsight.warehouse.duck import words_of

LINES = ibis.table({"id": "string", "kind": "string", "units": "int64"}, name="lines")
PLACES = ibis.table({"line": "string", "place": "string"}, name="places")


def test_words_that_sql_says_itself_are_found_behind_unions_filters_and_joins() -> None:
    sold = LINES.select("id", kind=ibis.literal("sale"), note=ibis.null("string"), number=ibis.literal(1))
    back = LINES.select("id", kind=ibis.literal("refund"), note=ibis.null("string"), number=ibis.literal(1))
    rows = sold.union(back).filter(lambda t: t.number > 0)
    assert words_of(rows) == {"kind": ["refund", "sale"], "note": []}
    placed = rows.left_join(PLACES, rows.id == PLACES.line).mutate(kind_again=lambda t: t.kind.cast("string"))
    assert words_of(placed) == {"kind": ["refund", "sale"], "note": [], "kind_again": ["refund", "sale"]}


def test_what_follows_from_the_data_has_no_words() -> None:
    sold = LINES.select("id", kind=ibis.literal("sale"))
    assert words_of(sold.union(LINES.select("id", "kind"))) == {}
    assert words_of(LINES.select(kind=ibis.ifelse(LINES.units > 0, "sale", LINES.kind))) == {}
    assert words_of(sold.select(kind=sold.kind.upper())) == {}
