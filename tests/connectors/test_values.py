"""Numbers, dates and words as people write them; what can be read two ways is asked for, never guessed."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import pytest
from tests.connectors.conftest import Load

from tillsight.connectors.files.convert import Defaults
from tillsight.connectors.files.mapping import MappingError

LINES = "order_id;order_date;sku;quantity;unit_price\n"


def prices(load: Load, *texts: str, mapping: str | None = None) -> list[Decimal | None]:
    rows = "".join(f'{number};2024-01-31;A;1;"{text}"\n' for number, text in enumerate(texts, start=1))
    return [price for (price,) in load(LINES + rows, mapping=mapping).rows("order_items", "unit_price", order="_line")]


def dates(load: Load, *texts: str, mapping: str | None = None, zone: str = "UTC") -> list[datetime]:
    rows = "".join(f'{number};"{text}";A;1;2\n' for number, text in enumerate(texts, start=1))
    seen = load(LINES + rows, mapping=mapping, defaults=Defaults(zone, "EUR", "main"))
    return [at for (at,) in seen.rows("orders", "placed_at", order="_line")]


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (("1.5", "2", "1234.25"), ("1.5", "2", "1234.25")),
        (("1,5", "2", "1234,25"), ("1.5", "2", "1234.25")),
        (("1.234,50", "7"), ("1234.5", "7")),
        (("1,234.50", "7"), ("1234.5", "7")),
        (("1.234.567", "7,5"), ("1234567", "7.5")),
        (("1,234", "7.5"), ("1234", "7.5")),
        (("1.234", "7,5"), ("1234", "7.5")),
        (("1.234", "0.500"), ("1.234", "0.5")),
        (("1 234,50", "7"), ("1234.5", "7")),
        (("1\u00a0234,50", "1'234,50"), ("1234.5", "1234.5")),
        (("1,23,456.50", "7"), ("123456.5", "7")),
        (("£12.50", "£ 7"), ("12.5", "7")),
        (("12,50 €", "7 €"), ("12.5", "7")),
        (("R$ 1.234,50", "R$ 7,00"), ("1234.5", "7")),
        (("EUR 12.50", "12.50 EUR"), ("12.5", "12.5")),
        (("Rs. 12.50", "Rs. 7"), ("12.5", "7")),
        (("$1,234.50", "$0.99"), ("1234.5", "0.99")),
        ((" 12.50 ", "\t7"), ("12.5", "7")),
        ((".5", "7"), ("0.5", "7")),
        (("1e2", "7"), ("100", "7")),
    ],
)
def test_amounts(texts: tuple[str, ...], expected: tuple[str, ...], load: Load) -> None:
    assert prices(load, *texts) == [Decimal(text).quantize(Decimal("0.000001")) for text in expected]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("-3.20", "-3.2"),
        ("3.20-", "-3.2"),
        ("(3.20)", "-3.2"),
        ("−3.20", "-3.2"),
        ("-£3.20", "-3.2"),
        ("£-3.20", "-3.2"),
        ("(£3.20)", "-3.2"),
    ],
)
def test_negative_amounts(text: str, expected: str, load: Load) -> None:
    seen = load(
        f'shipping_line_id,charged_on,shipping_amount\n1,2024-01-31,"{text}"\n2,2024-01-31,4.10\n', "shipping_lines.csv"
    )
    assert seen.rows("shipping_lines", "amount", order="line_id")[0] == (
        Decimal(expected).quantize(Decimal("0.000001")),
    )


@pytest.mark.parametrize("text", ["twelve", "12 apples", "AB12", "1.2.3", "12,5.0", "1,2,3", "--5", "5%"])
def test_what_is_no_amount_is_a_reject(text: str, load: Load) -> None:
    seen = load(f'{LINES}1;2024-01-31;A;1;"{text}"\n2;2024-01-31;A;1;7.5\n3;2024-01-31;A;1;7.25\n')
    assert seen.rejects("line", "table", "column", "value", "reason") == [
        (2, "order_items", "unit_price", text, "is not an amount")
    ]
    assert seen.rows("order_items", "order_id") == [("2",), ("3",)]


@pytest.mark.parametrize("texts", [("1.234", "2.500"), ("1,234", "12,500")])
def test_a_number_that_can_be_read_two_ways_is_asked_for(texts: tuple[str, ...], load: Load) -> None:
    with pytest.raises(MappingError, match=r"unit_price can be read two ways \(1[.,]234 is a thousand or a decimal\)"):
        prices(load, *texts)
    point = '[[file]]\ntable = "sales"\ndecimal = "point"\n'
    comma = '[[file]]\ntable = "sales"\n[file.columns]\nunit_price = { column = "unit_price", decimal = "comma" }\n'
    whole = [Decimal(text.replace(",", "").replace(".", "")) for text in texts]
    parts = [Decimal(text.replace(",", ".")) for text in texts]
    separator = texts[0][1]
    assert prices(load, *texts, mapping=point) == (parts if separator == "." else whole)
    assert prices(load, *texts, mapping=comma) == (whole if separator == "." else parts)


def test_another_column_of_the_file_decides(load: Load) -> None:
    text = "order_id;order_date;sku;quantity;unit_price;discount\n1;2024-01-31;A;1;1.234;0,50\n"
    assert load(text).rows("order_items", "unit_price", "discount_amount") == [
        (Decimal("1234.000000"), Decimal("0.500000"))
    ]


def test_digits_beyond_the_scale_are_told(load: Load) -> None:
    seen = load(f"{LINES}1;2024-01-31;A;1;1.23456789\n")
    assert seen.rows("order_items", "unit_price") == [(Decimal("1.234568"),)]
    assert any("more than six decimals" in note for note in seen.outcome.notes)


def test_words_for_unknown(load: Load) -> None:
    text = "order_id,order_date,sku,quantity,price,customer_id,shipping_cost\n"
    seen = load(text + "1,2024-01-31,A,1,2,NULL,n/a\n2,2024-01-31,A,1,2,None,-\n3,2024-01-31,A,1,2,NaN,\n")
    # A person may be called None; no machine writes that for a text. An amount is never called so.
    assert seen.rows("orders", "customer_id", "shipping_amount", order="order_id") == [
        (None, Decimal(0)),
        ("None", Decimal(0)),
        (None, Decimal(0)),
    ]
    mapping = '[[file]]\ntable = "sales"\nnull = ["None"]\n'
    seen = load(text + "2,2024-01-31,A,1,2,None,-\n", mapping=mapping)
    assert seen.rows("orders", "customer_id") == [(None,)]


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (("2024-01-31",), ("2024-01-31",)),
        (("2024-01-31 8:05",), ("2024-01-31 08:05",)),
        (("2024-01-31T08:05:06.5",), ("2024-01-31 08:05:06.500",)),
        (("31/01/2024", "1/2/2024"), ("2024-01-31", "2024-02-01")),
        (("01/31/2024", "1/2/2024"), ("2024-01-31", "2024-01-02")),
        (("31.01.2024 8:05", "1.2.2024 18:05"), ("2024-01-31 08:05", "2024-02-01 18:05")),
        (("3.4.2024",), ("2024-04-03",)),
        (("31-01-24",), ("2024-01-31",)),
        (("1/31/2024 8:05 PM", "1/2/2024 12:00 AM"), ("2024-01-31 20:05", "2024-01-02")),
        (("31 Jan 2024", "1 Feb 2024"), ("2024-01-31", "2024-02-01")),
        (("31-Jan-24",), ("2024-01-31",)),
        (("Jan 31, 2024", "Feb 1, 2024 10:30"), ("2024-01-31", "2024-02-01 10:30")),
        (("31 January 2024",), ("2024-01-31",)),
        (("20240131",), ("2024-01-31",)),
        (("20240131083015",), ("2024-01-31 08:30:15",)),
        (("2024/01/31",), ("2024-01-31",)),
        (("05/05/2024", "06/06/2024"), ("2024-05-05", "2024-06-06")),
        (("2024-01-31", "31/01/2024"), ("2024-01-31", "2024-01-31")),
    ],
)
def test_dates(texts: tuple[str, ...], expected: tuple[str, ...], load: Load) -> None:
    assert dates(load, *texts) == [datetime.fromisoformat(text) for text in expected]


def test_a_day_that_can_be_a_month_is_asked_for(load: Load) -> None:
    with pytest.raises(MappingError, match="can be read two ways: 03/04/2011 can be day or month first"):
        dates(load, "03/04/2011", "05/06/2011")
    day = '[[file]]\ntable = "sales"\ndates = "day first"\n'
    month = '[[file]]\ntable = "sales"\n[file.columns]\nplaced_at = { column = "order_date", format = "month first" }\n'
    exact = '[[file]]\ntable = "sales"\n[file.columns]\nplaced_at = { column = "order_date", format = "%m/%d/%Y" }\n'
    assert dates(load, "03/04/2011", mapping=day) == [datetime(2011, 4, 3)]
    assert dates(load, "03/04/2011", mapping=month) == [datetime(2011, 3, 4)]
    assert dates(load, "03/04/2011", mapping=exact) == [datetime(2011, 3, 4)]


def test_one_wrong_date_among_many_is_a_reject_not_a_change_of_order(load: Load) -> None:
    rows = "".join(f"{number};{number:02}/02/2024;A;1;2\n" for number in range(1, 29))
    seen = load(f"{LINES}{rows}99;02/25/2024;A;1;2\n")
    assert seen.rejects("line", "column", "value", "reason") == [(30, "placed_at", "02/25/2024", "is not a date")]
    assert seen.rows("orders", "max(placed_at)") == [(datetime(2024, 2, 28),)]


def test_both_orders_in_one_column_are_asked_for(load: Load) -> None:
    with pytest.raises(MappingError, match="1 values can only be day first and 1 only month first"):
        dates(load, "31/01/2024", "01/31/2024")


def test_another_date_of_the_file_decides_and_it_is_told(load: Load) -> None:
    text = "order_id,order_date,shipped_date,sku,quantity,price\n1,03/04/2024,25/04/2024,A,1,2\n"
    seen = load(text)
    assert seen.rows("orders", "placed_at", "shipped_at") == [(datetime(2024, 4, 2, 23), datetime(2024, 4, 24, 23))]
    assert any("order_date is read day first" in note for note in seen.outcome.notes)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-01-31T23:30:00Z", "2024-01-31 23:30"),
        ("2024-01-31T23:30:00+05:30", "2024-01-31 18:00"),
        ("2024-01-31 23:30:00-0800", "2024-02-01 07:30"),
        ("2024-01-31 23:30:00+02", "2024-01-31 21:30"),
        ("2024-01-31 23:30:00", "2024-01-31 18:00"),
        ("2024-01-31", "2024-01-30 18:30"),
    ],
)
def test_moments_become_utc(text: str, expected: str, load: Load) -> None:
    assert dates(load, text, zone="Asia/Kolkata") == [datetime.fromisoformat(expected)]


def test_with_and_without_a_zone_in_one_column(load: Load) -> None:
    found = dates(load, "2024-01-31T12:00:00Z", "2024-01-31 12:00:00", zone="Europe/Paris")
    assert found == [datetime(2024, 1, 31, 12), datetime(2024, 1, 31, 11)]


def test_a_day_is_the_day_of_the_shop(load: Load) -> None:
    text = (
        "customer_id,name,birth_date,registered_at\n1,Ann,1990-05-06,2024-01-31\n2,Bo,1990-05-06T23:30:00Z,2024-01-31\n"
    )
    seen = load(text, "customers.csv", defaults=Defaults("Asia/Kolkata", "INR", "main"))
    assert seen.rows("customers", "birth_date", order="customer_id") == [(date(1990, 5, 6),), (date(1990, 5, 7),)]


@pytest.mark.parametrize(
    ("form", "text", "expected"),
    [
        ("excel", "45322.5", datetime(2024, 1, 31, 12)),
        ("unix", "1706702400", datetime(2024, 1, 31, 12)),
        ("unix ms", "1706702400500", datetime(2024, 1, 31, 12, 0, 0, 500000)),
        ("%d|%m|%Y", "31|01|2024", datetime(2024, 1, 31)),
        ("%d.%m.%Y %H.%M %z", "31.01.2024 12.00 +0200", datetime(2024, 1, 31, 10)),
    ],
)
def test_dates_of_a_given_form(form: str, text: str, expected: datetime, load: Load) -> None:
    mapping = f'[[file]]\ntable = "sales"\n[file.columns]\nplaced_at = {{ column = "order_date", format = "{form}" }}\n'
    assert dates(load, text, mapping=mapping) == [expected]


@pytest.mark.parametrize("text", ["45322.5", "1706702400", "yesterday"])
def test_a_date_of_unknown_form_is_asked_for(text: str, load: Load) -> None:
    with pytest.raises(MappingError, match="order_date"):
        dates(load, text)


def test_impossible_days_and_years_are_rejects(load: Load) -> None:
    rows = "1;2024-02-30;A;1;2\n2;0011-01-01;A;1;2\n3;2024-01-31;A;1;2\n4;9999-12-31;A;1;2\n"
    seen = load(LINES + rows)
    assert seen.rejects("line", "reason") == [(2, "is not a date"), (3, "is not a date"), (5, "is not a date")]


def test_a_time_zone_of_its_own(load: Load) -> None:
    mapping = '[[file]]\ntable = "sales"\ntimezone = "America/New_York"\n'
    assert dates(load, "2024-01-31 12:00:00", mapping=mapping) == [datetime(2024, 1, 31, 17)]


def test_the_clock_change(load: Load) -> None:
    # 01:30 comes twice on 27 October 2024 in London, and not at all on 31 March.
    found = dates(load, "2024-10-27 00:30:00", "2024-10-27 01:30:00", "2024-03-31 01:30:00", zone="Europe/London")
    assert found == [datetime(2024, 10, 26, 23, 30), datetime(2024, 10, 27, 1, 30), datetime(2024, 3, 31, 1, 30)]


def test_states_in_the_words_of_sources(load: Load) -> None:
    text = "order_id,order_date,sku,quantity,price,status\n"
    rows = "1,2024-01-31,A,1,2,Shipped\n2,2024-01-31,A,1,2,CANCELED\n3,2024-01-31,A,1,2,odd\n4,2024-01-31,A,1,2,\n"
    seen = load(text + rows)
    assert seen.rows("orders", "order_id", "order_status") == [
        ("1", "completed"),
        ("2", "cancelled"),
        ("3", "completed"),
        ("4", "completed"),
    ]
    # The order line stays: what is wrong is the order's, and it is told.
    assert seen.rejects("line", "table", "column", "value") == [(4, "orders", "order_status", "odd")]
    assert seen.tables["order_items"] == 4


def test_yes_and_no(load: Load) -> None:
    text = (
        "order_id,order_date,is_test,taxes_included\n1,2024-01-31,Yes,0\n2,2024-01-31,f,TRUE\n3,2024-01-31,,perhaps\n"
    )
    seen = load(text, "orders.csv")
    assert seen.rows("orders", "order_id", "is_test", "prices_include_tax") == [("1", True, False), ("2", False, True)]
    assert seen.rejects("line", "column", "reason") == [(4, "prices_include_tax", "is neither yes nor no")]


def test_a_currency_is_three_letters(load: Load) -> None:
    text = "order_id,order_date,currency\n1,2024-01-31,eur\n2,2024-01-31,\n3,2024-01-31,Euro\n"
    seen = load(text, "orders.csv")
    assert seen.rows("orders", "order_id", "currency") == [("1", "EUR"), ("2", "GBP")]
    assert seen.rejects("line", "reason") == [(4, "is not a three-letter currency code")]
