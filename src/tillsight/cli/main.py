"""The entry point: runs the command, and turns every error into one sentence and an exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import typer

from tillsight.cli.app import app
from tillsight.core.errors import TillsightError

INTERRUPTED = 130
READER_GONE = 141


def main(arguments: Sequence[str] | None = None) -> None:
    """Run `tillsight`. Always ends with SystemExit: 0, 1, 2, 130 (Ctrl-C) or 141 (the reader went away)."""
    sys.exit(run(sys.argv[1:] if arguments is None else arguments))


def run(arguments: Sequence[str]) -> int:
    """Run a command line and return its exit code."""
    try:
        # Commands return nothing; a number comes from an early exit (--version, a failed check, Ctrl-C).
        code = app(list(arguments), standalone_mode=False, prog_name="tillsight")
        sys.stdout.flush()
    except TillsightError as error:
        return _fail(error.message, error.exit_code)
    except typer.TyperException as error:
        return _fail(f"{error.format_message().rstrip('.')}. See tillsight --help.", error.exit_code)
    except (KeyboardInterrupt, typer.Abort):
        return INTERRUPTED
    except SystemExit as stop:  # Typer's own end when the reader of the output went away (`| head`)
        return READER_GONE if stop.code == 1 else 0
    except BrokenPipeError:  # the same, found out by the last flush; Python would complain once more at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return READER_GONE
    except OSError as error:
        return _fail(f"{error.strerror or error}{f': {error.filename}' if error.filename else ''}.", 1)
    except Exception as error:
        if _of_ctrl_c(error):
            return INTERRUPTED
        if "TILLSIGHT_TRACEBACK" in os.environ:
            raise
        text = " ".join(str(error).split())
        return _fail(
            f"Tillsight failed on something it did not expect ({type(error).__name__}: {text[:300]}). "
            "Set TILLSIGHT_TRACEBACK=1 to see where.",
            1,
        )
    return code if isinstance(code, int) else 0


def _of_ctrl_c(error: BaseException) -> bool:
    """Whether a library made an error of its own of Ctrl-C, as the engine does of a query that it interrupts."""
    before = error.__cause__ or error.__context__
    return before is not None and (isinstance(before, KeyboardInterrupt) or _of_ctrl_c(before))


def _fail(sentence: str, code: int) -> int:
    from tillsight.cli.output import say

    say(sentence, style="red")
    return code
