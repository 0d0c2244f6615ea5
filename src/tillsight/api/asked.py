"""What a request asked, word for word, and which kept answer it got: so that the same words need not be read again.

The words alone do not say what the answer is: that also depends on who asks, on the release that answers, and, where they say
`last month`, on the day. Only answers that depend on nothing else are noted (`lasting`).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from datetime import date

from tillsight.accounts import SignedIn

ASKED = "tillsight.asked"
"""Where a request carries its `Asked`."""

Words = tuple[str, str, bytes, bytes]
"""Method, path, query and body of a request."""


@dataclass
class Asked:
    """A request while it is worked on. `admitted`: the rule of the door it came in by; raises for whom it does not let in."""

    words: Words
    admitted: Callable[[SignedIn], None] | None = None
    answer: Hashable | None = None
    lasting: Lasting | None = None


@dataclass(frozen=True)
class Lasting:
    """What an answer depends on besides the words: the release, the day by the clock, and what of the shop may be seen."""

    release: int
    today: date
    scope: tuple[object, ...]
