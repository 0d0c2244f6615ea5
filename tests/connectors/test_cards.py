"""Card numbers are cut to their last four digits wherever they stand; barcodes and order numbers are not card numbers."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.connectors.conftest import Load

from tillsight.core.cards import cut_text, is_card

# Numbers that card brands publish for tests.
VISA, MASTERCARD, AMEX, DISCOVER = "4111111111111111", "5555555555554444", "378282246310005", "6011111111111117"

pytestmark = pytest.mark.feature("PLT-06")


@pytest.mark.parametrize(
    "number", [VISA, MASTERCARD, AMEX, DISCOVER, "4222222222222", "3530111333300000", "2223003122003222"]
)
def test_cards_are_known_by_brand_length_and_check_digit(number: str) -> None:
    assert is_card(number)
    assert not is_card(number[:-1] + str((int(number[-1]) + 1) % 10))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"card {VISA}", "card ****1111"),
        ("card 4111 1111 1111 1111.", "card ****1111."),
        ("4111-1111-1111-1111 exp 12/26", "****1111 exp 12/26"),
        (f"{VISA}, {AMEX}", "****1111, ****0005"),
        (f"no{VISA}", f"no{VISA}"),
        (f"0{VISA}", f"0{VISA}"),
        ("phone 0049 30 1234567890", "phone 0049 30 1234567890"),
        ("4111111111111112", "4111111111111112"),
    ],
)
def test_numbers_in_text(text: str, expected: str) -> None:
    assert cut_text(text)[0] == expected


def test_a_card_column_is_cut_in_what_is_kept_too(load: Load) -> None:
    text = "order_id,order_date,sku,quantity,price,credit card,note\n"
    seen = load(text + f"1,2024-01-31,A,1,2,{VISA},\n2,2024-01-31,A,1,2,1234567890123456,paid with {MASTERCARD}\n")
    raw = pq.read_table(seen.folder / seen.outcome.files[0].raw)
    assert raw.column("credit card").to_pylist() == ["****1111", "1234567890123456"]
    assert raw.column("note").to_pylist() == ["", "paid with ****4444"]
    assert "sales.csv: 2 card numbers were cut to their last four digits." in seen.outcome.notes
    assert VISA.encode() not in b"".join(file.read_bytes() for file in seen.folder.rglob("*") if file.is_file())


def test_a_column_of_nothing_but_cards_is_cut_whatever_its_name(load: Load) -> None:
    rows = "".join(f"{n},2024-01-31,A,1,2,{card}\n" for n, card in enumerate([VISA, MASTERCARD, AMEX, DISCOVER, VISA]))
    seen = load("order_id,order_date,sku,quantity,price,reference\n" + rows)
    raw = pq.read_table(seen.folder / seen.outcome.files[0].raw)
    assert raw.column("reference").to_pylist() == ["****1111", "****4444", "****0005", "****1117", "****1111"]


def test_cards_among_other_numbers_are_cut_where_they_are_most(load: Load) -> None:
    said = [VISA, MASTERCARD, AMEX, DISCOVER, VISA, "1234567890123456", "", "gift"]
    rows = "".join(f"{n},2024-01-31,A,1,2,{value}\n" for n, value in enumerate(said))
    seen = load("order_id,order_date,sku,quantity,price,reference\n" + rows)
    raw = pq.read_table(seen.folder / seen.outcome.files[0].raw)
    assert raw.column("reference").to_pylist() == [
        "****1111", "****4444", "****0005", "****1117", "****1111", "1234567890123456", "", "gift",
    ]  # fmt: skip


def test_long_order_numbers_stay_though_one_in_ten_has_the_check_digit_of_a_card(load: Load) -> None:
    numbers = [str(4_556_000_000_000_000 + 7 * number) for number in range(200)]
    assert 10 < sum(map(is_card, numbers)) < 40
    rows = "".join(f"{number},2024-01-31,A,1,2\n" for number in numbers)
    seen = load("order_id,order_date,sku,quantity,price\n" + rows)
    assert {order for (order,) in seen.rows("orders", "order_id")} == set(numbers)


def test_barcodes_and_order_numbers_stay(load: Load) -> None:
    # One number in ten passes the check digit by chance; these do.
    rows = "".join(
        f"{n},2024-01-31,A,1,2,4006381333931\n" for n in ("4222222222222", "4006381333999", "4111111111111111")
    )
    seen = load("order_id,order_date,sku,quantity,price,barcode\n" + rows)
    assert {order for (order,) in seen.rows("orders", "order_id")} == {
        "4222222222222",
        "4006381333999",
        "4111111111111111",
    }
    assert seen.rows("products", "barcode") == [("4006381333931",)]


def test_rejects_and_other_formats_hold_no_card(load: Load, tmp_path: Path) -> None:
    seen = load(
        "order_id,order_date,sku,quantity,price,note\n1,2024-01-31,A,1,2,\n"
        f"2,2024-01-31,A,one,2,card {VISA}\n3,2024-01-31,{VISA}\n"
    )
    assert all(VISA not in row for (row,) in seen.rejects("row"))
    objects = [
        {"order_id": "1", "order_date": "2024-01-31", "sku": "A", "quantity": 1, "price": 2, "note": f"x {VISA}"}
    ]
    seen = load(json.dumps(objects), "sales.json")
    assert pq.read_table(seen.folder / seen.outcome.files[0].raw).column("note").to_pylist() == ["x ****1111"]
    table = pa.table(
        {"review_id": ["1"], "order_id": ["1"], "rating": ["5"], "reviewed_at": ["2024-01-31"], "body": [f"x {VISA}"]}
    )
    pq.write_table(table, tmp_path / "reviews.parquet")
    seen = load(tmp_path / "reviews.parquet")
    assert seen.rows("reviews", "body") == [("x ****1111",)]
