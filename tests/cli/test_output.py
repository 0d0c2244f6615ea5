"""How things are printed: aligned, folded to a terminal, and progress on standard error."""

from datetime import datetime
from decimal import Decimal
from io import StringIO

import pytest
import rich.console

from tillsight.cli import output
from tillsight.cli.output import Heading, in_words, print_list, print_table
from tillsight.cli.progress import progress


def test_numbers_stand_to_the_right_and_wide_letters_count_twice(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("Product", "Sold"), [("ランプ", "9"), ("Shade", "1,250")], (False, True), ("Total", "1,259"))
    assert capsys.readouterr().out == (
        "Product   Sold\n───────  ─────\nランプ       9\nShade    1,250\n───────  ─────\nTotal    1,259\n"
    )


def test_long_titles_take_several_lines(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("Total revenue of the period", "Name"), [("1.00", "x")], (True, False))
    assert capsys.readouterr().out.splitlines() == [
        "     Total",
        "revenue of",
        "the period  Name",
        "──────────  ────",
        "      1.00  x",
    ]


def test_an_empty_table_has_its_titles(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("Name", "Rows"), [], (False, True))
    assert capsys.readouterr().out == "Name  Rows\n────  ────\n"


def test_words_are_folded_to_a_terminal_and_never_cut(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    words = "one two three four five six seven eight nine ten eleven twelve"
    rows = [{"name": "count", "text": words}]
    headings = (Heading("name", "Name"), Heading("text", "Text"))
    print_list(headings, rows, "table")
    assert words in capsys.readouterr().out
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "40")
    print_list(headings, rows, "table")
    out = capsys.readouterr().out
    assert max(len(line) for line in out.splitlines()) <= 40
    assert " ".join(out.split("─\n")[1].split()) == f"count {words}"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        ("", "–"),
        (True, "yes"),
        (1234567, "1,234,567"),
        (Decimal("1234.5"), "1,234.50"),
        (datetime(2011, 12, 9, 8, 5), "2011-12-09 08:05"),
        (["a", None], "a, –"),
        ("two\n lines", "two lines"),
    ],
)
def test_values_in_words(value: object, text: str) -> None:
    assert in_words(value) == text


def test_progress_without_a_terminal_is_one_line_a_stage(capsys: pytest.CaptureFixture[str]) -> None:
    with progress() as report:
        report("read", 1, 10, "sales.csv")
        report("read", 10, 10, "sales.csv")
        report("checks", None, None, "Checking")
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err == "read: sales.csv …\nchecks: Checking …\n"


def test_progress_on_a_terminal_shows_stage_and_words(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = StringIO()
    console = rich.console.Console(file=screen, force_terminal=True, width=100)
    monkeypatch.setattr(output, "errors", lambda: console)
    with progress() as report:
        report("read", 5, 10, "50,000 rows per second")
        report("publish", None, None, "Publishing")
    assert "50,000 rows per second" in screen.getvalue()
    assert "Publishing" in screen.getvalue()
