"""Where the work of requests is done: in threads, few at a time, and never on the event loop.

Questions have threads of their own. So signing in, lists and health checks answer while questions run, and a question that
waits for a thread, or for the same question of somebody else, waits on the loop, where waiting costs nothing.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import anyio
import anyio.to_thread
from anyio.lowlevel import RunVar
from fastapi import Response

THREADS = 16
"""Requests that are no questions, and that are worked on at a time."""
QUESTIONS = 8
"""Questions that are worked on at a time; more wait. One uses all processors itself, so more at a time would only take
memory from one another."""

_questions: RunVar[anyio.CapacityLimiter] = RunVar("questions")


class BeingMadeError(Exception):
    """The answer is being made for somebody else. `made`: what it will be; `finish` makes a response of it."""

    def __init__(self, made: Future[Any], finish: Callable[[Any], Response]) -> None:
        super().__init__("being made")
        self.made, self.finish = made, finish


def off_the_loop(endpoint: Callable[..., Any], *, questions: bool) -> Callable[..., Any]:
    """A function as one that is awaited while it works in a thread; one that is awaited already stays as it is."""
    if inspect.iscoroutinefunction(endpoint):
        return endpoint

    @functools.wraps(endpoint)
    async def working(**values: Any) -> Any:
        try:
            return await anyio.to_thread.run_sync(
                functools.partial(endpoint, **values), limiter=_limiter() if questions else None
            )
        except BeingMadeError as waiting:
            return waiting.finish(await asyncio.wrap_future(waiting.made))

    return working


def _limiter() -> anyio.CapacityLimiter:
    try:
        return _questions.get()
    except LookupError:
        limiter = anyio.CapacityLimiter(QUESTIONS)
        _questions.set(limiter)
        return limiter
