"""An amount of an order, shared out over its lines: to the minor unit, by the largest remainder, and nothing is lost."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from random import Random

import duckdb
import ibis
import pyarrow as pa
import pytest

from tillsight.metrics.shaping import MONEY, allocated
from tillsight.warehouse.duck import compiled

Group = tuple[Decimal, int, list[Decimal]]
"""What is shared out, the minor units of its currency, and the weights of the lines."""


def shared_out(groups: list[Group]) -> list[list[Decimal]]:
    rows = [
        {"order": number, "line": f"{place:03}", "total": total, "places": places, "weight": weight}
        for number, (total, places, weights) in enumerate(groups)
        for place, weight in enumerate(weights)
    ]
    schema = {"order": "int64", "line": "string", "total": MONEY, "places": "int8", "weight": MONEY}
    lines = ibis.table(schema, name="lines")
    sql = compiled(allocated(lines, "total", "weight", ["order"], "line", "places", "share"))
    with duckdb.connect() as connection:
        amount = pa.decimal128(18, 6)
        columns = [
            ("order", pa.int64()),
            ("line", pa.string()),
            ("total", amount),
            ("places", pa.int8()),
            ("weight", amount),
        ]
        connection.register("lines", pa.Table.from_pylist(rows, schema=pa.schema(columns)))
        found = connection.execute(f'SELECT "order", share FROM ({sql}) ORDER BY "order", line').fetchall()
    return [[share for order, share in found if order == number] for number in range(len(groups))]


def by_hand(total: Decimal, places: int, weights: list[Decimal]) -> list[Decimal]:
    """The same with Python's fractions, one group after the other."""
    unit = Decimal(1).scaleb(-places)

    def in_units(amount: Decimal) -> int:
        return int((amount / unit).quantize(Decimal(1), ROUND_HALF_UP))

    parts, shares = in_units(total), [max(in_units(weight), 0) for weight in weights]
    if not sum(shares):
        shares = [1] * len(shares)
    exact = [Fraction(abs(parts) * share, sum(shares)) for share in shares]
    floors = [int(part) for part in exact]
    order = sorted(range(len(shares)), key=lambda place: (floors[place] - exact[place], place))
    for place in order[: abs(parts) - sum(floors)]:
        floors[place] += 1
    sign = -1 if parts < 0 else 1
    found = [sign * floor * unit for floor in floors]
    found[0] += total - parts * unit
    return found


def test_ten_euros_in_three_equal_parts() -> None:
    assert shared_out([(Decimal(10), 2, [Decimal(7)] * 3)]) == [[Decimal("3.34"), Decimal("3.33"), Decimal("3.33")]]


@pytest.mark.parametrize("places", [0, 2, 3, 4])
def test_everyday_and_large_amounts_are_shared_out_alike(places: int) -> None:
    """Around a million another arithmetic begins: what is shared out must not tell."""
    ends = [
        Decimal(text)
        for text in ("999998.994999", "999998.995", "999999", "999999.000001", "1000000.005", "90000000000.015")
    ]
    drawn = Random(places)
    groups: list[Group] = [
        (sign * end, places, [end, Decimal("0.005"), Decimal("33.33")]) for end in ends for sign in (1, -1)
    ]
    groups += [
        (
            Decimal(drawn.randint(-(10**9), 10**9)).scaleb(-6),
            places,
            [Decimal(drawn.randint(-(10**7), 10**9)).scaleb(-6) for _ in range(drawn.randint(1, 6))],
        )
        for _ in range(200)
    ]
    found = shared_out(groups)
    assert [sum(shares) for shares in found] == [total for total, _, _ in groups]
    assert found == [by_hand(*group) for group in groups]
