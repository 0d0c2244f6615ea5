"""What customers write about their returns: themes with language, tone, phrases and examples.

`returns.comments`  one row per theme: comments, units, share of the comments, tone, phrases, and the reason and the product that
                    go with it most
`returns.phrases`   one row per phrase: in how many comments it is, and how much more often than with other reasons

A comment is a text that is no name of a reason. Equal texts are read once and counted often. Where there are more than 20,000
different ones, 20,000 are read, chosen by a hash of the text, and shares are of these. Numbers and addresses that reach a person are taken
out; who sees persons masked sees no examples. Method: see `language`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import ibis
import numpy as np

from tillsight.core import words
from tillsight.domains.returns import reasons
from tillsight.domains.returns.language import LANGUAGES, clean, languages, phrases, themes, tones
from tillsight.domains.returns.seeing import Titles, answer_of, fetched, rows_of, settled
from tillsight.forecasting.discoveries import discoveries
from tillsight.metrics.answer import Answer, sentence
from tillsight.metrics.ask import Asker
from tillsight.metrics.model import Analysis, Parameter
from tillsight.metrics.question import Resolved

if TYPE_CHECKING:
    import pandas as pd

LEAST_COMMENTS = 30
MOST_READ = 20_000
EXAMPLES = 3
LEAST_OF_PRODUCT = 5
DISCOVERY = 0.01
LEAST_TIMES = 1.5
"""So much more often than with other reasons a phrase is said of the reason that it goes with."""
NAMES = sorted(
    {word for found in reasons.WORDS.values() for word in found}
    | {word for found in reasons.FATES.values() for word in found}
)
"""Texts that name a reason or a fate and are no comment."""


def _read(
    asker: Asker, resolved: Resolved, by: Sequence[str] = ("product_name", "category")
) -> tuple[pd.DataFrame, str]:
    """Comments by text, reason and `by`: how many returns say it, of how many units."""
    rows = rows_of(asker, "returned_items", resolved)
    text = rows.reason_text.strip()
    plain = text.lower().re_replace(r"[^a-z0-9]+", " ").strip()
    said = rows.filter(text.length() > 2, ~plain.isin(NAMES)).mutate(text=text)
    chosen = said.select("text").distinct()
    chosen = chosen.order_by(chosen.text.hash(), chosen.text).limit(MOST_READ)
    said = said.semi_join(chosen, "text")
    table = said.group_by("text", "return_reason", *by).agg(
        comments=said.count(), units=said.units.sum().cast("float64")
    )
    frame, sql = fetched(asker, table.order_by(ibis.desc("comments"), "text", "return_reason", *by))
    codes, different = frame.text.factorize()  # each text is cleaned once, however many say it
    frame["text"] = np.array([clean(one) for one in different], dtype=object)[codes]
    return frame, sql


def comments(asker: Asker, question: dict[str, Any], language: str = "", limit: int = 30) -> Answer:
    """Themes, the most frequent first. Columns: see the module; `tone` from −100 (bad) to 100 (good)."""
    titles: Titles = {
        "theme": ("What it is about", None), "language": ("Language", None), "comments": ("Comments", "count"),
        "units": ("Units", "units"), "share": ("Share of its language", "percent"), "tone": ("Tone (−100 to 100)", "ratio"),
        "reason": ("Most frequent reason", None), "product": ("Stands out at", None), "examples": ("For example", None),
    }  # fmt: skip
    resolved = settled(asker, question)
    frame, sql = _read(asker, resolved)
    whole = int(frame.comments.sum())
    locale = asker.release.locale
    if whole < LEAST_COMMENTS:
        said = sentence(f"Not enough data: {whole} comments in this period, and {LEAST_COMMENTS} are needed.")
        return answer_of(asker, resolved, _none(titles), titles, [said], queries=[sql])
    # there are few texts and products in many rows, and each theme looks through all of them
    frame = frame.astype({"text": "category", "product_name": "category"})
    # rows come with the most frequent first, so the first of a text is what it is most said of
    texts = (
        frame.groupby("text", sort=False, observed=True)
        .agg(comments=("comments", "sum"), reason=("return_reason", "first"), category=("category", "first"))
        .reset_index()
    )
    every, weights = texts.text.tolist(), texts.comments.to_numpy(dtype=np.float64)
    spoken = languages(every)
    tone = tones(every, spoken)
    texts["language"] = spoken
    by_language = texts.groupby("language").comments.sum()
    rows: list[dict[str, Any]] = []
    for theme in themes(every, weights, spoken, (texts.reason.tolist(), texts.category.tolist())):
        if language and theme.language != language:
            continue
        mine = frame[frame.text.isin({every[place] for place in theme.texts.tolist()})]
        heard = weights[theme.texts]
        known = np.isfinite(tone[theme.texts])
        rows.append(
            {
                "theme": ", ".join(theme.phrases),
                "language": LANGUAGES[theme.language or ""],
                "comments": float(mine.comments.sum()),
                "units": float(mine.units.sum()),
                "share": 100 * float(mine.comments.sum()) / float(by_language[str(theme.language)]),
                "tone": 100 * float(np.average(tone[theme.texts][known], weights=heard[known])) if known.any() else None,
                "reason": _most(mine, "return_reason"),
                "product": _outstanding(mine, frame, spoken, every, theme.language),
                "examples": None if asker.scope.masked else " · ".join(f"“{every[place]}”" for place in theme.texts[:EXAMPLES].tolist()),
            }
        )  # fmt: skip
    rows.sort(key=lambda row: (-row["comments"], row["theme"]))
    told = ", ".join(
        f"{LANGUAGES[str(name)]} {100 * count / whole:.0f}%"
        for name, count in by_language.sort_values(ascending=False).items()
    )
    heard_bad = float(weights[np.isfinite(tone) & (tone < 0)].sum()) / whole
    first = f"{words.number(whole, locale)} comments: {told or 'in no language that is known'}"
    sentences = [sentence(f"{first}; {100 * heard_bad:.0f}% complain of something.")]
    for row in rows[:3]:
        at = f", most of all at {row['product']}" if row["product"] else ""
        text = f"{words.number(row['comments'], locale)} {row['language']} comments are about: {row['theme']}{at}."
        sentences.append(sentence(text, "bad" if (row["tone"] or 0) < 0 else "neutral"))
    notes = []
    if len(texts) >= MOST_READ:
        notes.append(
            {
                "level": "info",
                "text": f"{MOST_READ:,} different comments are read, chosen at random; shares are of these.",
            }
        )
    if asker.scope.masked:
        notes.append({"level": "info", "text": "Examples are left out, as customers' words may tell who they are."})
    found = _framed(rows[:limit], titles)
    return answer_of(
        asker, resolved, found, titles, sentences, queries=[sql], notes=notes, count=len(rows),
        remarks=("product", "examples"),
    )  # fmt: skip


def key_phrases(asker: Asker, question: dict[str, Any], language: str = "", limit: int = 50) -> Answer:
    """Phrases that go with a reason, the most frequent first; what is said of every reason alike, such as greetings, is left out.

    Columns: phrase, language, comments, reason, times (as often as with other reasons; null where there is no other).
    """
    titles: Titles = {
        "phrase": ("Phrase", None), "language": ("Language", None), "comments": ("Comments", "count"),
        "reason": ("Reason that it goes with", None), "times": ("Times as often as with others", "ratio"),
    }  # fmt: skip
    resolved = settled(asker, question)
    frame, sql = _read(asker, resolved, ())
    if frame.comments.sum() < LEAST_COMMENTS:
        said = sentence(
            f"Not enough data: {int(frame.comments.sum())} comments in this period, and {LEAST_COMMENTS} are needed."
        )
        return answer_of(asker, resolved, _none(titles), titles, [said], queries=[sql])
    frame["return_reason"] = frame.return_reason.fillna("No reason")
    unique = frame.text.drop_duplicates()
    spoken = dict(zip(unique, languages(unique.tolist()), strict=True))
    frame["language"] = frame.text.map(spoken)
    rows: list[dict[str, Any]] = []
    for name, mine in frame[frame.language.notna()].groupby("language"):
        if language and name != language:
            continue
        whole = float(mine.comments.sum())
        everywhere = phrases(mine.text.tolist(), mine.comments.to_numpy(dtype=np.float64), str(name))
        by_reason = {
            str(reason): (float(part.comments.sum()), phrases(part.text.tolist(), part.comments.to_numpy(dtype=np.float64), str(name)))
            for reason, part in mine.groupby("return_reason")
        }  # fmt: skip
        for phrase, count in everywhere.items():
            if count < LEAST_OF_PRODUCT:
                continue
            reason = max(by_reason, key=lambda one: (by_reason[one][1].get(phrase, 0.0), one))
            size, inside = by_reason[reason]
            outside = (count - inside[phrase] + 0.5) / max(whole - size, 1.0)
            times = inside[phrase] / size / outside if whole > size else None
            if times is None or times >= LEAST_TIMES:
                rows.append({"phrase": phrase, "language": LANGUAGES[str(name)], "comments": count, "reason": reason,
                             "times": times})  # fmt: skip
    rows.sort(key=lambda row: (-row["comments"], -len(row["phrase"]), row["phrase"]))
    rows = _longest(rows)
    sentences = (
        [sentence(f"The most frequent phrase is “{rows[0]['phrase']}” ({rows[0]['reason'].lower()}).")] if rows else []
    )
    return answer_of(asker, resolved, _framed(rows[:limit], titles), titles, sentences, queries=[sql], count=len(rows))


def _longest(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Without phrases that are a part of a longer one which is as frequent."""
    kept: list[dict[str, Any]] = []
    by_count: dict[tuple[str, float], list[str]] = {}
    for row in rows:
        longer = by_count.setdefault((row["language"], row["comments"]), [])
        if not any(f" {row['phrase']} " in f" {other} " for other in longer):
            kept.append(row)
            longer.append(row["phrase"])
    return kept


def _most(frame: pd.DataFrame, column: str) -> str | None:
    counts = frame.groupby(column).comments.sum()
    return None if counts.empty else str(counts.sort_values(ascending=False, kind="stable").index[0])


def _outstanding(
    mine: pd.DataFrame, frame: pd.DataFrame, spoken: list[str | None], every: list[str], language: str | None
) -> str | None:
    """The product of which a theme is said more than of others of the language, beyond chance; None where none is."""
    from scipy import stats

    same = frame[frame.text.isin({text for text, one in zip(every, spoken, strict=True) if one == language})]
    whole, size = (part.groupby("product_name", observed=True).comments.sum() for part in (same, mine))
    size = size[size >= LEAST_OF_PRODUCT]
    if size.empty:
        return None
    there = whole.reindex(size.index)
    rate = float(mine.comments.sum()) / max(float(same.comments.sum()), 1.0)
    tail = stats.binom.sf(size - 1, there, rate)
    found = discoveries(tail, DISCOVERY, len(whole))
    if not found.any():
        return None
    lift = np.where(found, size.to_numpy(dtype=float), -1.0)
    return str(size.index[int(lift.argmax())])


def _framed(rows: list[dict[str, Any]], titles: Titles) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(rows, columns=list(titles))


def _none(titles: Titles) -> pd.DataFrame:
    return _framed([], titles)


_LANGUAGE = Parameter(
    "language", "text", "", "A language by its two letters; all where empty.", choices=("", *LANGUAGES)
)
ANALYSES = (
    Analysis(
        "returns.comments",
        "What customers write",
        "returns",
        "Themes of the comments on returns: language, tone, phrases, examples, and where each stands out.",
        comments,
        (_LANGUAGE, Parameter("limit", "integer", 30, "How many rows.", minimum=1, maximum=500)),
    ),
    Analysis(
        "returns.phrases",
        "Phrases in comments",
        "returns",
        "Phrases that customers use about returns, and the reason that each goes with.",
        key_phrases,
        (_LANGUAGE, Parameter("limit", "integer", 50, "How many rows.", minimum=1, maximum=1000)),
    ),
)
