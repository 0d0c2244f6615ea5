"""How far a load or a build is, on standard error: bars on a terminal, one line for each stage elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tillsight.pipeline.progress import Progress

DONE = "done"
"""The stage that a load ends with; the command reports what was done."""


@contextmanager
def progress() -> Iterator[Progress]:
    """Show progress while the block runs. The bars go away at its end; what was done is reported by the command."""
    from tillsight.cli.output import errors, say

    console = errors()
    if not console.is_terminal:
        last: list[str] = []

        def line(stage: str, done: float | None, total: float | None, text: str) -> None:
            if stage != DONE and [stage] != last:
                last[:] = [stage]
                say(f"{stage}: {text} …" if text else f"{stage} …")

        yield line
        return

    from rich.progress import BarColumn, TaskID, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bars

    bars: dict[str, TaskID] = {}
    with Bars(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[text]}"),
        TimeElapsedColumn(),
        console=console,
        transient=True,
    ) as shown:

        def bar(stage: str, done: float | None, total: float | None, text: str) -> None:
            if stage not in bars:
                for task in bars.values():
                    shown.stop_task(task)
                bars[stage] = shown.add_task(stage, total=total, text=text)
            elif done and total is None:  # rows that are counted while nobody knows how many there are
                elapsed = shown.tasks[bars[stage]].elapsed
                text = f"{text}, {done / elapsed:,.0f} rows per second" if elapsed else text
            shown.update(bars[stage], completed=done, total=total, text=text)

        yield bar
