"""Own mappings: what they can say, and that a wrong one is an error that names its line and key."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import pytest
from tests.connectors.conftest import Load

from tillsight.connectors.files.mapping import MappingError, parse_mapping
from tillsight.core.errors import LoadError

TILL = """Beleg;Datum;Uhrzeit;Artikel;Bezeichnung;Menge;Preis;Rabatt;Status;Kasse;Probe
R1;31.01.2024;08:30;4711;Apfel;2,5;1,20;-0,30;bezahlt;K1;nein
R2;31.01.2024;09:00;4712;Birne;1;3,00;0,00;storniert;K2;nein
R3;01.02.2024;10:15;4711;Apfel;1;1,20;0,00;bezahlt;K1;ja
G3;01.02.2024;11:00;4711;Apfel;-1;1,20;0,00;bezahlt;K1;nein
V;01.02.2024;11:00;VERSAND;Versand;1;4,90;0,00;bezahlt;K1;nein
R3;01.02.2024;10:15;4711;Apfel;1;1,20;0,00;intern;K1;nein
"""
MAPPING = """
timezone = "Europe/Berlin"
currency = "EUR"
shop = "berlin"

[[file]]
match = "kasse*.csv"
table = "sales"

[file.columns]
order_id = "Beleg"
placed_at = { column = ["Datum", "Uhrzeit"], join = " " }
product_id = ["SKU", "Artikel"]
product_name = "Bezeichnung"
quantity = "Menge"
unit_price = "Preis"
discount_amount = { column = "Rabatt", negate = true }
order_status = { column = "Status", values = { bezahlt = "completed", storniert = "cancelled" } }
location_id = "Kasse"
is_test = { column = "Probe", true = "ja" }
channel = { constant = "retail" }

[[file.rule]]
class = "internal"
effect = "ignore"
when = { column = "Status", equals = "intern" }

[[file.rule]]
class = "delivery"
effect = "shipping"
when = { column = "Artikel", equals = "VERSAND" }

[[file.rule]]
class = "credit"
effect = "refund"
when = [{ column = "Beleg", starts_with = "G" }, { column = "Menge", below = 0 }]
"""


@pytest.mark.feature("PLT-09")
def test_a_whole_mapping(load: Load) -> None:
    seen = load(TILL.encode("cp1252"), "Kasse-01.csv", mapping=MAPPING)
    assert seen.rows(
        "orders", "shop_id", "order_id", "placed_at", "order_status", "currency", "location_id", "is_test", "channel"
    ) == [
        ("berlin", "R1", datetime(2024, 1, 31, 7, 30), "completed", "EUR", "K1", False, "retail"),
        ("berlin", "R2", datetime(2024, 1, 31, 8, 0), "cancelled", "EUR", "K2", False, "retail"),
        ("berlin", "R3", datetime(2024, 2, 1, 9, 15), "completed", "EUR", "K1", True, "retail"),
    ]
    assert seen.rows("order_items", "order_id", "quantity", "unit_price", "discount_amount") == [
        ("R1", Decimal("2.5000"), Decimal("1.200000"), Decimal("0.300000")),
        ("R2", Decimal("1.0000"), Decimal("3.000000"), Decimal(0)),
        ("R3", Decimal("1.0000"), Decimal("1.200000"), Decimal(0)),
    ]
    assert seen.rows("refunds", "refund_id", "order_id", "product_id", "quantity", "amount", "channel") == [
        ("G3", None, "4711", Decimal("1.0000"), Decimal("1.200000"), "retail")
    ]
    assert seen.rows("shipping_lines", "order_id", "amount", "charged_at") == [
        (None, Decimal("4.900000"), datetime(2024, 2, 1, 10))
    ]
    counts = {count.name: (count.rows, count.money) for count in seen.outcome.files[0].classes}
    assert counts == {
        "sale": (3, Decimal("6.90")),
        "credit": (1, Decimal("-1.20")),
        "delivery": (1, Decimal("4.90")),
        "internal": (1, Decimal("1.20")),
    }
    assert seen.outcome.files[0].columns_unmapped == []


def test_words_that_are_not_known_are_rejects_unless_said_otherwise(load: Load) -> None:
    text = "Nr,order_date,State\n1,2024-01-31,ok\n2,2024-01-31,hm\n"
    entry = '[[file]]\ntable = "orders"\n[file.columns]\norder_id = "Nr"\norder_status = {{ column = "State", {0} }}\n'
    seen = load(text, "x.csv", mapping=entry.format('values = { OK = "completed" }'))
    assert seen.rejects("line", "column", "value") == [(3, "order_status", "hm")]
    seen = load(text, "x.csv", mapping=entry.format('values = { OK = "completed" }, otherwise = "pending"'))
    assert seen.rows("orders", "order_status", order="order_id") == [("completed",), ("pending",)]


def test_only_what_is_mapped(load: Load) -> None:
    text = "order_id,order_date,email,note\n1,2024-01-31,a@x.org,hello\n"
    mapping = (
        '[[file]]\ntable = "orders"\nonly = true\n[file.columns]\norder_id = "order_id"\nplaced_at = "order_date"\n'
    )
    seen = load(text, "orders.csv", mapping=mapping)
    assert seen.rows("orders", "email") == [(None,)]
    assert seen.outcome.files[0].columns_unmapped == ["email", "note"]


def test_a_file_without_headers(load: Load) -> None:
    mapping = '[[file]]\ntable = "orders"\nheader = ["order_id", "order_date"]\n'
    seen = load("1,2024-01-31\n2,2024-02-01\n", "x.csv", mapping=mapping)
    assert seen.rows("orders", "order_id", "_line") == [("1", 1), ("2", 2)]
    with pytest.raises(LoadError, match="seems to have no header row"):
        load("1,2024-01-31\n2,2024-02-01\n", "x.csv")


def test_the_header_row_delimiter_and_encoding_can_be_said(load: Load) -> None:
    text = "order_id~order_date~email\n- - -~- - -~- - -\norder_id~order_date~email\n1~2024-01-31~a@x.org\n"
    mapping = '[[file]]\ntable = "orders"\nheader = 3\ndelimiter = "~"\nencoding = "utf-16-le"\n'
    assert load(text.encode("utf-16-le"), "x.csv", mapping=mapping).rows("orders", "order_id", "_line") == [("1", 4)]


def test_a_quote_of_its_own(load: Load) -> None:
    mapping = '[[file]]\ntable = "reviews"\nquote = "\'"\n'
    seen = load(
        "review_id,order_id,rating,reviewed_at,body\n1,1,5,2024-01-31,'good, \"fine\"'\n", "x.csv", mapping=mapping
    )
    assert seen.rows("reviews", "body") == [('good, "fine"',)]


def test_a_file_can_be_left_in_landing(load: Load) -> None:
    mapping = '[[file]]\nmatch = "odd*"\ntable = "ignore"\n'
    seen = load({"odd.csv": "a,b\n1,2\n", "orders.csv": "order_id,order_date\n1,2024-01-31\n"}, mapping=mapping)
    assert seen.tables == {"orders": 1}
    assert seen.outcome.rows_read == 2
    assert (seen.folder / (seen.outcome.files[0].raw or "")).is_file()


def test_rows_of_a_table_can_be_ignored(load: Load) -> None:
    mapping = (
        '[[file]]\ntable = "orders"\n[[file.rule]]\nclass = "void"\neffect = "ignore"\n'
        'when = { column = "order_id", starts_with = ["V", "X"] }\n'
    )
    seen = load("order_id,order_date\n1,2024-01-31\nV1,never\n", "orders.csv", mapping=mapping)
    assert seen.tables == {"orders": 1}
    assert [(count.name, count.rows) for count in seen.outcome.files[0].classes] == [("orders", 1), ("void", 1)]
    assert seen.rejects() == []


@pytest.mark.parametrize(
    ("condition", "taken"),
    [
        ('equals = ["a", "b"]', "12"),
        ('starts_with = "a"', "16"),
        ('ends_with = "c"', "36"),
        ('contains = "b"', "26"),
        ('matches = "^[ab]$"', "12"),
        ("empty = true", "4"),
        ("empty = false", "12356"),
        ("above = 4", "5"),
        ("below = 6", "5"),
        ('equals = "a", not = true', "23456"),
        ('starts_with = "a", ends_with = "c"', "6"),
    ],
)
def test_conditions(condition: str, taken: str, load: Load) -> None:
    rows = "".join(
        f"{number},2024-01-31,{mark}\n" for number, mark in enumerate(["a", "b", "c", "", "5", "abc"], start=1)
    )
    mapping = f'[[file]]\ntable = "orders"\n[[file.rule]]\nclass = "x"\neffect = "ignore"\nwhen = {{ column = "Mark", {condition} }}\n'
    seen = load(f"order_id,order_date,mark\n{rows}7,2024-01-31,zzz\n", "orders.csv", mapping=mapping)
    left = {order for (order,) in seen.rows("orders", "order_id")}
    assert {"1", "2", "3", "4", "5", "6"} - left == set(taken)


WRONG = [
    ("[[file]]\ntable = \n", "line 2"),
    (
        '[[file]]\ntable = "orders"\ncolour = 1\n',
        "line 3 is wrong: file[1].colour is not a key here; did you mean columns?",
    ),
    (
        '[[file]]\ntable = "order"\n',
        "line 2 is wrong: file[1].table names the table order, which does not exist; did you mean orders",
    ),
    ('[[file]]\nmatch = "x"\n', "line 1 is wrong: file[1].table is missing"),
    (
        '[[file]]\ntable = "orders"\n[file.columns]\norder_id = "Nr"\nplaced = "Date"\n',
        "line 5 is wrong: file[1].columns.placed is not a column of orders; did you mean placed_at",
    ),
    (
        '[[file]]\ntable = "orders"\n[file.columns]\norder_id = { column = "Nr", konstant = 1 }\n',
        "line 4 is wrong: file[1].columns.order_id.konstant is not a key here; did you mean constant?",
    ),
    (
        '[[file]]\ntable = "orders"\n[file.columns]\norder_id = { column = "Nr", constant = "1" }\n',
        "line 4 is wrong: file[1].columns.order_id needs either column or constant",
    ),
    (
        '[[file]]\ntable = "orders"\n[file.columns]\norder_status = { column = "S", values = { a = "done" } }\n',
        "line 4 is wrong: file[1].columns.order_status says that a means done; allowed are pending, completed",
    ),
    ('timezone = "Mars"\n[[file]]\ntable = "orders"\n', "line 1 is wrong: timezone a time zone is an IANA name"),
    ('currency = "euro"\n[[file]]\ntable = "orders"\n', "line 1 is wrong: currency a currency is a three-letter"),
    (
        '[[file]]\ntable = "sales"\n\n[[file.rule]]\nclass = "a"\neffect = "vanish"\n',
        "line 6 is wrong: file[1].rule[1].effect",
    ),
    (
        '[[file]]\ntable = "sales"\n\n[[file.rule]]\nclass = "a"\n[[file.rule]]\nclass = "b"\nwhen = { column = "x" }\n',
        "line 8 is wrong: file[1].rule[2].when[1] needs one of equals",
    ),
    (
        '[[file]]\ntable = "orders"\n[[file.rule]]\nclass = "a"\neffect = "refund"\n',
        "line 5 is wrong: file[1].rule[1].effect gives rows of orders the effect refund",
    ),
    (
        '[[file]]\ntable = "sales"\n[[file.rule]]\nclass = "a"\nwhen = { column = "x", matches = "(" }\n',
        "is not a regular expression",
    ),
    ("", "file is missing"),
]


@pytest.mark.parametrize(("text", "expected"), WRONG)
def test_a_wrong_mapping_names_the_line_and_the_key(text: str, expected: str) -> None:
    with pytest.raises(MappingError) as caught:
        parse_mapping(text, "map.toml")
    assert expected in caught.value.message
    assert caught.value.message.startswith("The mapping map.toml")
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("mapping", "expected"),
    [
        (
            '[[file]]\ntable = "orders"\n[file.columns]\norder_id = "Nr"\n',
            "has no column Nr, which the mapping names for order_id",
        ),
        ('[[file]]\ntable = "refunds"\n', "cannot be read as refunds: it has nothing for refund_id"),
        (
            '[[file]]\nmatch = "other.csv"\ntable = "orders"\n',
            r"file\[1\] of the mapping is for other.csv, and no file has such a name",
        ),
        (
            '[[file]]\ntable = "sales"\n[[file.rule]]\nclass = "a"\nwhen = { column = "Kind", equals = "x" }\n',
            "cannot be read as sales|no column Kind",
        ),
    ],
)
def test_a_mapping_that_does_not_fit_the_file(mapping: str, expected: str, load: Load) -> None:
    with pytest.raises(MappingError, match=expected):
        load("order_id,order_date,note\n1,2024-01-31,x\n", "orders.csv", mapping=mapping)


def test_values_in_a_mapping_are_data_not_sql(load: Load) -> None:
    evil = "x'; DROP TABLE rejects; --"
    mapping = (
        '[[file]]\ntable = "orders"\n[file.columns]\n'
        f'channel = {{ constant = "{evil}" }}\n'
        f'[[file.rule]]\nclass = "{evil}"\neffect = "ignore"\nwhen = {{ column = "order_id", equals = "{evil}" }}\n'
    )
    seen = load(
        f'order_id,order_date,"{evil}"\n1,2024-01-31,"{evil}"\n', f"o{evil.replace('/', '')}.csv", mapping=mapping
    )
    assert seen.rows("orders", "channel") == [(evil,)]
    assert seen.outcome.files[0].columns_unmapped == [evil]
