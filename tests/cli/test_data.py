"""Loading, building and looking at what there is, at the command line: the whole way from a raw file to a number."""

import csv
import io
import json
from decimal import Decimal
from pathlib import Path

import pytest
from tests.cli.conftest import Ask

from tillsight.cli.main import run

ORDERS = """order_id,placed_at,order_status,country,currency
A1,2011-01-05 10:00:00,completed,France,GBP
A2,2011-01-20 11:30:00,completed,Germany,GBP
A3,2011-01-21 11:30:00,lost in space,Germany,GBP
"""
ITEMS = """order_id,line_id,product_id,quantity,unit_price,favourite_song
A1,1,P1,2,10.00,Yesterday
A2,1,P3,3,4.00,
"""


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    folder = tmp_path / "lights"
    assert run(["init", str(folder), "--currency", "GBP", "--timezone", "Europe/London"]) == 0
    return folder


@pytest.fixture
def files(tmp_path: Path) -> Path:
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "orders.csv").write_text(ORDERS, "utf-8")
    (folder / "order_items.csv").write_text(ITEMS, "utf-8")
    return folder


def call(capsys: pytest.CaptureFixture[str], workspace: Path, *arguments: str, code: int = 0) -> tuple[str, str]:
    capsys.readouterr()
    assert run(["-w", str(workspace), *arguments]) == code
    printed = capsys.readouterr()
    return printed.out, printed.err


def figures(capsys: pytest.CaptureFixture[str], workspace: Path) -> dict[str, Decimal]:
    out, _ = call(capsys, workspace, "query", "revenue,orders", "--format", "json")
    (row,) = json.loads(out, parse_float=Decimal)
    return {name: Decimal(value) for name, value in row.items()}


@pytest.mark.feature("PLT-21")
def test_from_a_raw_file_to_a_number(workspace: Path, files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out, err = call(capsys, workspace, "load", str(files), "--build")
    assert "order_items" in out
    assert "5 rows in" in err
    assert "favourite_song" in err
    assert "Rows that could not be read: 1. See them with tillsight rejects" in err
    assert "Release 1" in err
    assert figures(capsys, workspace) == {"revenue": Decimal("32.00"), "orders": Decimal(2)}


def test_rejects_have_file_line_column_value_and_reason(
    workspace: Path, files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call(capsys, workspace, "load", str(files))
    (load,) = json.loads(call(capsys, workspace, "loads", "--format", "json")[0])
    assert (load["rows_read"], load["rows_rejected"]) == (5, 1)
    assert load["id"] in call(capsys, workspace, "loads")[0]
    text, _ = call(capsys, workspace, "rejects", load["id"], "--format", "csv")
    (row,) = csv.DictReader(io.StringIO(text))
    assert (row["file"], row["line"], row["column"], row["value"]) == (
        "orders.csv",
        "4",
        "order_status",
        "lost in space",
    )
    assert row["reason"]
    table, _ = call(capsys, workspace, "rejects", load["id"])
    assert "lost in space" in table


def test_a_question_before_the_first_build_says_what_to_do(
    workspace: Path, files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, err = call(capsys, workspace, "query", "revenue", code=1)
    assert "tillsight load" in err
    _, err = call(capsys, workspace, "build", code=1)
    assert "nothing to build" in err
    _, err = call(capsys, workspace, "load", str(files))
    assert "tillsight build" in err


def test_a_corrected_file_replaces_the_first(workspace: Path, files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    call(capsys, workspace, "load", str(files), "--as-of", "2011-02-01")
    corrected = files / "corrected.csv"
    corrected.write_text("order_id,line_id,product_id,quantity,unit_price\nA1,1,P1,5,10.00\n", "utf-8")
    call(capsys, workspace, "load", str(corrected), "--replaces", "order_items.csv", "--as-of", "2011-03-01", "--build")
    assert figures(capsys, workspace)["revenue"] == Decimal("50.00")
    out, _ = call(capsys, workspace, "query", "revenue", "--as-of", "2011-02-15", "--format", "json")
    assert json.loads(out, parse_float=Decimal) == [{"revenue": Decimal("32.00")}]


def test_a_file_that_is_not_there_loads_nothing(
    workspace: Path, files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, err = call(capsys, workspace, "load", str(files), str(files / "missing.csv"), code=1)
    assert out == ""
    assert "missing.csv" in err
    assert json.loads(call(capsys, workspace, "loads", "--format", "json")[0]) == []


def test_lists_of_releases_tables_and_checks(ask: Ask) -> None:
    (release,) = json.loads(ask("releases", "--format", "json")[0])
    assert (release["number"], release["current"], release["data_to"]) == (1, True, "2011-02-11")
    status = json.loads(ask("status", "--format", "json")[0])
    assert (status["engine"], status["release"], status["loads"]) == ("DuckDB, in this process", 1, 1)
    tables = {row["name"]: row["rows"] for row in json.loads(ask("tables", "--format", "json")[0])}
    assert (tables["orders"], tables["order_items"], tables["refunds"]) == (4, 5, 0)
    checks = json.loads(ask("check", "--format", "json")[0])
    assert {row["state"] for row in checks} == {"passed"}
    assert "passed" in ask("check")[0]


def test_a_failed_check_is_exit_code_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from tests.support.shops import line, make_shop, order

    orders = [order("A1", "2011-01-05", discount_amount="-5.00")]
    make_shop(tmp_path / "shop", {"orders": orders, "order_items": [line("A1", "1", "P1", 1, "10.00")]}).close()
    out, _ = call(capsys, tmp_path / "shop", "check", code=1)
    assert any(row.startswith("failed") for row in out.splitlines())
