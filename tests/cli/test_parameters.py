"""Parameters of an analysis as options of the command."""

from __future__ import annotations

import pytest

from tillsight.cli.questions import _as_params
from tillsight.core.errors import QuestionError


def test_options_that_the_command_does_not_know_are_parameters() -> None:
    assert _as_params(["--preset", "olist", "--limit=5", "--segment", "Single Buyers (Recent)"]) == [
        "preset=olist", "limit=5", "segment=Single Buyers (Recent)",
    ]  # fmt: skip
    assert _as_params([]) == []


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["olist"], "as --key value, not 'olist'"),
        (["--preset"], "--preset needs a value"),
        (["--preset", "--limit"], "--preset needs a value"),
        (["--"], "not '--'"),
    ],
)
def test_what_is_no_parameter_is_refused(words: list[str], message: str) -> None:
    with pytest.raises(QuestionError, match=message):
        _as_params(words)
