"""What customers write about their returns: themes with language, tone, phrases and examples.

`returns.comments`  one row per theme: comments, units, share of the comments, tone, phrases, and the reason and the product that
                    go with it most
`returns.phrases`   one row per phrase: in how many comments it is, and how much more often than with other reasons

A comment is a text that is no name of a reason. Equal texts are read once and counted often. Where there are more than 20,000
different ones, 20,000 are read, chosen by a hash of the text, and shares are of these. Numbers and addresses that reach a person are taken
out; who sees persons masked sees no examples. Method: see `language`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import ibis
import numpy as np
import numpy.typing as npt

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
    import ibis.expr.types as ir
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


def _said(asker: Asker, resolved: Resolved) -> ir.Table:
    """One row per item with a comment that is read: `number` and `text` of the comment, reason, category, product and units."""
    rows = rows_of(asker, "returned_items", resolved)
    rows = rows.filter(rows.reason_text.notnull())
    # what a text is, is found out once for each, however many say it
    texts = rows.select("reason_text").distinct()
    texts = texts.mutate(text=texts.reason_text.strip())
    plain = texts.text.lower().re_replace(r"[^a-z0-9]+", " ").strip()
    texts = texts.filter(texts.text.length() > 2, ~plain.isin(NAMES))
    chosen = texts.select("text").distinct()
    chosen = chosen.order_by(chosen.text.hash(), chosen.text).limit(MOST_READ)
    chosen = chosen.mutate(number=ibis.row_number().over(order_by=chosen.text))
    texts = texts.inner_join(chosen, "text").select("reason_text", "text", "number")
    rows = rows.select("reason_text", "return_reason", "category", "product_name", "units")
    return rows.inner_join(texts, "reason_text").drop("reason_text")


def _read(asker: Asker, said: ir.Table) -> tuple[pd.DataFrame, str]:
    """Comments by text and reason: how many returns say it, of how many units; the most frequent of a text first."""
    table = said.group_by("number", "return_reason").agg(
        text=said.text.arbitrary(), comments=said.count(), units=said.units.sum().cast("float64")
    )
    frame, sql = fetched(asker, table.drop("number"))
    frame["text"] = _cleaned(frame.text)
    frame = (
        frame.groupby(["text", "return_reason"], sort=False, dropna=False)[["comments", "units"]].sum().reset_index()
    )
    return frame.sort_values(["comments", "text", "return_reason"], ascending=[False, True, True]), sql


def _cleaned(texts: pd.Series[str]) -> npt.NDArray[np.object_]:
    """Each text is cleaned once, in however many rows it is."""
    codes, different = texts.factorize()
    found: npt.NDArray[np.object_] = np.array([clean(one) for one in different], dtype=object)[codes]
    return found


def _sums(places: npt.NDArray[np.int64], values: npt.NDArray[np.float64], count: int) -> npt.NDArray[np.float64]:
    """The sum of the values at each place."""
    return np.bincount(places, values, minlength=count).astype(np.float64)


def _categories(asker: Asker, said: ir.Table) -> tuple[dict[str, str | None], str]:
    """The category that each text is said of most."""
    counts = said.group_by("number", "category").agg(text=said.text.arbitrary(), comments=said.count())
    first = ibis.window(group_by="number", order_by=[ibis.desc(counts.comments), ibis.asc(counts.category)])
    counts = counts.mutate(place=ibis.row_number().over(first))
    frame, sql = fetched(asker, counts.filter(counts.place == 0).select("text", "category").order_by("text"))
    return dict(zip(_cleaned(frame.text), frame.category.where(frame.category.notna(), None), strict=True)), sql


@dataclass(frozen=True)
class _Products:
    """How often each text is said of each product: places of texts and of products, and counts; products by name."""

    names: list[str]
    text: npt.NDArray[np.int64]
    product: npt.NDArray[np.int64]
    count: npt.NDArray[np.float64]

    def of(self, texts: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
        """Comments of each product among some texts."""
        return _sums(self.product, self.count * texts[self.text], len(self.names))


def _products(asker: Asker, said: ir.Table, every: list[str]) -> tuple[_Products, list[str]]:
    """Read what is said of which product. `every`: the texts, in their places."""
    said = said.filter(said.product_name.notnull())
    counts = said.group_by("number", "product_name").agg(comments=said.count())
    named = said.select("number", "text").distinct()
    found, sql = asker.release.run(counts)
    texts, more = fetched(asker, named)
    places = {text: place for place, text in enumerate(every)}
    place_of = np.zeros(int(texts.number.max()) + 1 if len(texts) else 1, dtype=np.int64)
    place_of[texts.number.to_numpy()] = [places[text] for text in _cleaned(texts.text)]
    product = found["product_name"].combine_chunks().dictionary_encode()
    names = product.dictionary.to_pylist()
    order = sorted(range(len(names)), key=names.__getitem__)
    rank = np.empty(len(names), dtype=np.int64)
    rank[order] = np.arange(len(names))
    return _Products(
        [names[place] for place in order],
        place_of[found["number"].to_numpy()],
        rank[product.indices.to_numpy()],
        found["comments"].to_numpy().astype(np.float64),
    ), [sql, more]


def comments(asker: Asker, question: dict[str, Any], language: str = "", limit: int = 30) -> Answer:
    """Themes, the most frequent first. Columns: see the module; `tone` from −100 (bad) to 100 (good)."""
    import pandas as pd

    titles: Titles = {
        "theme": ("What it is about", None), "language": ("Language", None), "comments": ("Comments", "count"),
        "units": ("Units", "units"), "share": ("Share of its language", "percent"), "tone": ("Tone (−100 to 100)", "ratio"),
        "reason": ("Most frequent reason", None), "product": ("Stands out at", None), "examples": ("For example", None),
    }  # fmt: skip
    resolved = settled(asker, question)
    said_of = _said(asker, resolved)
    frame, sql = _read(asker, said_of)
    queries = [sql]
    whole = int(frame.comments.sum())
    locale = asker.release.locale
    if whole < LEAST_COMMENTS:
        said = sentence(f"Not enough data: {whole} comments in this period, and {LEAST_COMMENTS} are needed.")
        return answer_of(asker, resolved, _none(titles), titles, [said], queries=queries)
    # rows come with the most frequent first, so the first of a text is what it is most said of
    place, different = frame.text.factorize()
    every = [str(text) for text in different]
    weights, units = (
        _sums(place, frame[name].to_numpy(dtype=np.float64), len(every)) for name in ("comments", "units")
    )
    reason = frame.return_reason.to_numpy()[np.unique(place, return_index=True)[1]].tolist()
    categories, sql = _categories(asker, said_of)
    queries.append(sql)
    spoken = languages(every)
    tone = tones(every, spoken)
    by_language = pd.Series(weights).groupby(spoken).sum()
    rows: list[dict[str, Any]] = []
    found = themes(every, weights, spoken, (reason, [categories[text] for text in every]))
    chosen = [theme for theme in found if not language or theme.language == language]
    if chosen:
        at_products, more = _products(asker, said_of, every)
        queries += more
    for theme in chosen:
        heard = weights[theme.texts]
        known = np.isfinite(tone[theme.texts])
        mine = np.zeros(len(every), dtype=bool)
        mine[theme.texts] = True
        same = np.array([one == theme.language for one in spoken])
        rows.append(
            {
                "theme": ", ".join(theme.phrases),
                "language": LANGUAGES[theme.language or ""],
                "comments": float(heard.sum()),
                "units": float(units[theme.texts].sum()),
                "share": 100 * float(heard.sum()) / float(by_language[str(theme.language)]),
                "tone": 100 * float(np.average(tone[theme.texts][known], weights=heard[known])) if known.any() else None,
                "reason": _most(frame[mine[place]], "return_reason"),
                "product": _outstanding(at_products, mine, same, float(heard.sum()), float(weights[same].sum())),
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
    if len(every) >= MOST_READ:
        notes.append(
            {
                "level": "info",
                "text": f"{MOST_READ:,} different comments are read, chosen at random; shares are of these.",
            }
        )
    if asker.scope.masked:
        notes.append({"level": "info", "text": "Examples are left out, as customers' words may tell who they are."})
    return answer_of(
        asker, resolved, _framed(rows[:limit], titles), titles, sentences, queries=queries, notes=notes, count=len(rows),
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
    frame, sql = _read(asker, _said(asker, resolved))
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
    products: _Products, mine: npt.NDArray[np.bool_], same: npt.NDArray[np.bool_], theme: float, language: float
) -> str | None:
    """The product of which a theme is said more than of others of the language, beyond chance; None where none is.

    `mine`, `same`: the texts of the theme and of its language; `theme`, `language`: how many comments these are.
    """
    from scipy import stats

    there, size = products.of(same), products.of(mine)
    kept = np.flatnonzero(size >= LEAST_OF_PRODUCT)
    if not len(kept):
        return None
    tail = stats.binom.sf(size[kept] - 1, there[kept], theme / max(language, 1.0))
    found = discoveries(tail, DISCOVERY, int((there > 0).sum()))
    return products.names[int(kept[np.where(found, size[kept], -1.0).argmax()])] if found.any() else None


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
