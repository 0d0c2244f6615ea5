"""What is shown of persons to those who need not know: alike in the engine and in answers, and never the whole."""

from __future__ import annotations

from datetime import date
from typing import Any

import duckdb
import ibis
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tillsight.domains.registry import catalogue
from tillsight.metrics.answer import AnswerColumn, from_rows
from tillsight.metrics.masking import (
    HIDDEN,
    Sort,
    finds_person,
    mask,
    mask_text,
    masked,
    masked_answer,
    masked_plain,
    masked_rejects,
    sort_of,
    sort_of_dimension,
)
from tillsight.tables.registry import TABLES

pytestmark = pytest.mark.feature("PLT-04")

EXAMPLES: tuple[tuple[Sort, str, str], ...] = (
    ("name", "Jane", f"J{HIDDEN}"),
    ("name", "Éva\nMária", f"É{HIDDEN}"),
    ("name", "", ""),
    ("email", "jane@mail.example", f"j{HIDDEN}@{HIDDEN}"),
    ("email", "not an address", f"n{HIDDEN}@{HIDDEN}"),
    ("phone", "+44 20 7946 0958", f"{HIDDEN}58"),
    ("phone", "7", f"{HIDDEN}7"),
    ("address", "1 High Street", HIDDEN),
    ("customer", "C-17", "C-17"),
    ("customer", "jane@mail.example", f"j{HIDDEN}@{HIDDEN}"),
    ("customer", "email:0123456789abcdef", f"guest {HIDDEN}"),
    ("customer", "phone:0123456789abcdef", f"guest {HIDDEN}"),
)


def in_arrow(sort: Sort, values: list[str | None]) -> list[Any]:
    table, found = mask(pa.table({"x": pa.array(values, pa.string())}), [("x", sort)])
    assert found
    return list(table["x"].to_pylist())


def in_engine(sort: Sort, values: list[str | None]) -> list[Any]:
    expression = masked(sort, ibis.table({"x": "string"}, name="t")["x"]).name("x")
    connection = duckdb.connect()
    connection.register("t", pa.table({"x": pa.array(values, pa.string())}))
    rows = connection.execute(ibis.to_sql(expression, dialect="duckdb")).fetchall()
    connection.close()
    return [row[0] for row in rows]


@pytest.mark.parametrize(("sort", "text", "shown"), EXAMPLES)
def test_what_is_shown(sort: Sort, text: str, shown: str) -> None:
    assert in_arrow(sort, [text, None]) == [shown, None]
    assert in_engine(sort, [text, None]) == [shown, None]
    assert in_arrow(sort, [shown]) == [shown], "masking twice changes nothing"


@given(st.sampled_from(["name", "email", "phone", "address", "customer"]), st.lists(st.text(max_size=30), max_size=6))
def test_engine_and_answer_agree_on_any_text(sort: Sort, texts: list[str]) -> None:
    values: list[str | None] = [text.replace("\x00", "") for text in texts]
    assert in_arrow(sort, values) == in_engine(sort, values) == [mask_text(sort, value or "") for value in values]


def test_every_personal_column_is_known_and_days_are_hidden() -> None:
    for table in TABLES.values():
        for column in table.columns:
            assert (sort_of(column.name) is not None) or not column.personal, f"{table.name}.{column.name}"
    born = pa.table({"birth_date": [date(1990, 1, 1)], "orders": [3]})
    shown, _ = mask(born, [(name, sort_of(name)) for name in born.column_names])
    assert shown.to_pylist() == [{"birth_date": None, "orders": 3}]


def test_every_dimension_of_a_person_is_masked() -> None:
    for dimension in catalogue().dimensions.values():
        about_persons = any(
            column in ("customer_id", "email", "phone", "first_name", "last_name") for column in dimension.needs
        )
        # a dimension that is computed from a person's column without showing it says so by its own name
        if about_persons and dimension.expression is None:
            assert sort_of_dimension(dimension) is not None, dimension.name


def test_an_answer_of_an_analysis_is_masked_but_not_its_figures() -> None:
    columns = [AnswerColumn("email", "E-mail", "plain"), AnswerColumn("value", "Value", "metric", "value", "money")]
    answer = from_rows(columns, pa.table({"email": ["jane@mail.example"], "value": ["12"]}), "EUR")
    assert masked_answer(answer).to_records() == [{"email": f"j{HIDDEN}@{HIDDEN}", "value": "12"}]


def test_rejected_rows_show_values_of_known_columns_alone() -> None:
    table = pa.table(
        {
            "file": ["a.csv"] * 4,
            "column": ["email", "quantity", "no such column", None],
            "value": ["jane@", "many", "jane", None],
            "row": ['{"name": "Jane"}'] * 4,
        }
    )
    shown = masked_rejects(table)
    assert shown["value"].to_pylist() == [HIDDEN, "many", HIDDEN, None]
    assert set(shown["row"].to_pylist()) == {HIDDEN}


def test_plain_values_of_persons_are_masked_by_their_names() -> None:
    found = {
        "order_id": "O-1",
        "customer_id": "jane@mail.example",
        "items": [{"user_id": "C-1", "email": "a@b.c", "value": "x"}],
    }
    assert masked_plain(found) == {
        "order_id": "O-1",
        "customer_id": f"j{HIDDEN}@{HIDDEN}",
        "items": [{"user_id": "C-1", "email": f"a{HIDDEN}@{HIDDEN}", "value": "x"}],
    }
    assert finds_person("jane@mail.example")
    assert finds_person(" email:abc")
    assert not finds_person("O-17")
