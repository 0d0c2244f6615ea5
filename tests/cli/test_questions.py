"""Asking at the command line: the figures, the formats, and where each part goes."""

import csv
import io
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import python_calamine
from tests.cli.conftest import Ask


def records(text: str) -> list[dict[str, Any]]:
    found = json.loads(text, parse_float=Decimal)
    assert isinstance(found, list)
    return found


@pytest.mark.feature("PLT-21", "SAL-01")
def test_json_is_a_list_of_objects_with_exact_amounts(ask: Ask) -> None:
    out, err = ask("query", "revenue,orders", "--by", "country", "--sort", "-revenue", "--format", "json")
    assert records(out) == [
        {"country": None, "revenue": Decimal("1250.00"), "orders": 1},
        {"country": "France", "revenue": Decimal("25.50"), "orders": 1},
        {"country": "Germany", "revenue": Decimal("10.00"), "orders": 1},
    ]
    assert '"revenue": 25.50' in out
    assert err == ""


def test_days_are_inclusive(ask: Ask) -> None:
    out, _ = ask("query", "orders", "--from", "2011-01-05", "--to", "2011-01-20", "--format", "json")
    assert records(out) == [{"orders": 2}]


def test_filters_hold_together(ask: Ask) -> None:
    out, _ = ask(
        "query", "revenue", "--by", "product_id", "--where", "channel=web", "--where", "country=France", "--sort", "product_id",
        "--format", "json",
    )  # fmt: skip
    assert records(out) == [
        {"product_id": "P1", "revenue": Decimal("20.00")},
        {"product_id": "P2", "revenue": Decimal("5.50")},
    ]


def test_a_table_has_currency_thousands_totals_and_dashes(ask: Ask) -> None:
    out, err = ask(
        "query", "revenue,average_order_value", "--grain", "month", "--by", "channel", "--sort", "month,channel"
    )
    lines = out.splitlines()
    rule = next(number for number, line in enumerate(lines) if line.startswith("─"))
    assert "(GBP)" in " ".join(lines[:rule])
    assert [line.split() for line in lines[rule + 1 : rule + 4]] == [
        ["Jan", "2011", "*", "retail", "10.00", "10.00"],
        ["Jan", "2011", "*", "web", "25.50", "25.50"],
        ["Feb", "2011", "*", "web", "1,250.00", "1,250.00"],
    ]
    assert lines[-1].split() == ["Total", "1,285.50", "428.50"]
    assert "5 Jan 2011" in err
    assert "release 1" in err


def test_the_rest_is_one_row(ask: Ask) -> None:
    out, _ = ask(
        "query", "revenue", "--by", "product_id", "--sort", "-revenue", "--limit", "1", "--others", "--format", "json"
    )
    assert records(out) == [
        {"product_id": "P3", "revenue": Decimal("1260.00")},
        {"product_id": "(all others)", "revenue": Decimal("25.50")},
    ]


def test_a_comparison_stands_beside(ask: Ask) -> None:
    out, _ = ask(
        "query", "orders", "--from", "2011-02-01", "--to", "2011-02-28", "--compare", "previous", "--format", "json"
    )
    assert records(out) == [
        {"orders": 1, "orders_compare": 2, "orders_change": -1, "orders_change_rate": Decimal("-50.0")}
    ]


def test_every_format_holds_the_same_rows(ask: Ask, tmp_path: Path) -> None:
    question = ("query", "revenue,orders", "--by", "channel", "--sort", "channel")
    expected = records(ask(*question, "--format", "json")[0])
    out, _ = ask(*question, "--format", "csv")
    assert list(csv.DictReader(io.StringIO(out))) == [
        {key: str(value) for key, value in row.items()} for row in expected
    ]
    for ending in ("json", "csv", "parquet", "xlsx"):
        out, err = ask(*question, "--output", str(tmp_path / f"answer.{ending}"))
        assert out == ""
        assert "Wrote 2 rows" in err
    assert records((tmp_path / "answer.json").read_text("utf-8")) == expected
    assert (tmp_path / "answer.csv").read_text("utf-8").splitlines()[0] == "channel,revenue,orders"
    assert pq.read_table(tmp_path / "answer.parquet").to_pylist() == expected
    sheet = python_calamine.CalamineWorkbook.from_path(str(tmp_path / "answer.xlsx")).get_sheet_by_index(0).to_python()
    assert sheet == [
        ["channel", "revenue", "orders"],
        *[[r["channel"], float(r["revenue"]), r["orders"]] for r in expected],
    ]
    assert sorted(file.name for file in tmp_path.iterdir()) == [
        f"answer.{ending}" for ending in ("csv", "json", "parquet", "xlsx")
    ]


def test_a_file_that_cannot_be_written_is_one_sentence(ask: Ask, tmp_path: Path) -> None:
    out, err = ask("query", "revenue", "--output", str(tmp_path / "nowhere" / "answer.csv"), code=1)
    assert out == ""
    assert "No such file or directory" in err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["query", "revenu"], "Did you mean revenue"),
        (["query", "revenue", "--by", "colour_of_moon"], "colour_of_moon"),
        (["query", "revenue", "--from", "1 May"], "2026-11-14"),
        (["query", "revenue", "--from", "2011-02-01", "--to", "2011-01-01"], "before it starts"),
        (["query", "revenue", "--grain", "fortnight"], "fortnight"),
        (["query", "revenue", "--period", "last_month", "--from", "2011-01-01"], "not both"),
        (["query", "revenue", "--where", "country"], "country=France"),
        (["query", "revenue", "--sort", "orders"], "Cannot sort"),
        (["query", "revenue", "--as-of", "yesterday"], "as_of"),
        (["explain", "revenu"], "Did you mean revenue"),
        (["analyse", "sales.weather"], "There is no analysis"),
        (["analyse", "sales.headline", "--param", "colour=red"], "takes no parameter"),
        (["rejects", "20110101"], "There is no load"),
    ],
)
def test_a_question_without_an_answer_is_code_2(ask: Ask, arguments: list[str], words: str) -> None:
    out, err = ask(*arguments, code=2)
    assert out == ""
    assert words in err
    assert err.count("\n") == 1


def test_explain_tells_value_formula_sources_and_sql(ask: Ask) -> None:
    out, _ = ask("explain", "average_order_value", "--from", "2011-01-01", "--to", "2011-01-31")
    assert out.startswith("Average order value: 17.75 GBP\n")
    assert "revenue ÷ orders" in out
    assert "SELECT" in out
    whole = json.loads(ask("explain", "average_order_value", "--format", "json")[0], parse_float=Decimal)
    assert whole["value"] == Decimal("428.5")
    assert {"orders", "order_items", "sales"} <= {source["table"] for source in whole["sources"]}
    assert whole["release"]["number"] == 1


def test_analyses_say_sentences_first(ask: Ask) -> None:
    out, _ = ask("analyse", "sales.headline", "--from", "2011-02-01", "--to", "2011-02-28")
    assert "Net sales" in out.splitlines()[0]


def test_metrics_are_listed_and_shown(ask: Ask) -> None:
    out, _ = ask("metrics", "--domain", "sales", "--format", "json")
    names = {row["name"] for row in json.loads(out)}
    assert {"revenue", "orders"} <= names
    assert "new_customers" not in names
    shown, _ = ask("metrics", "show", "revenue")
    assert "country" in shown
    assert json.loads(ask("metrics", "show", "revenue", "--format", "json")[0])["unit"] == "money"
