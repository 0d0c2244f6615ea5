"""What customers write about their returns: themes with language, tone, phrases and examples.

`returns.comments`  one row per theme: comments, units, share of the comments, tone, phrases, and the reason and the product that
                    go with it most
`returns.phrases`   one row per phrase: in how many comments it is, and how much more often than with other reasons, beyond chance
                    (binomial, at a false discovery rate of 5 % over the phrases of a language)

A comment is a text that is no name of a reason. Equal texts are read once and counted often. Where there are more than 20,000
different ones, 20,000 are read, chosen by a hash of the text, and shares are of these. Numbers and addresses that reach a person are taken
out; who sees persons masked sees no examples. Method: see `language`.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import ibis
import numpy as np
import numpy.typing as npt

from tillsight.core import words
from tillsight.domains.returns import reasons
from tillsight.domains.returns.language import LANGUAGES, clean, counted, languages, themes, tones
from tillsight.domains.returns.seeing import Titles, answer_of, fetched, placed, rows_of, settled
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
LEAST_OF_THEME = 3
LEAST_OF_PRODUCT = 5
DISCOVERY = 0.01
LEAST_TIMES = 1.5
"""So much more often than with other reasons a phrase is said of the reason that it goes with."""
DISCOVERY_OF_PHRASES = 0.05
NAMES = sorted(
    {word for found in reasons.WORDS.values() for word in found}
    | {word for found in reasons.FATES.values() for word in found}
)
"""Texts that name a reason or a fate and are no comment."""
KEPT = 4
_KNOWN: dict[bytes, list[str | None]] = {}
"""The languages of some texts by a hash of them; the texts themselves are not kept."""
_LOCK = threading.Lock()


def _said(asker: Asker, resolved: Resolved, by: str) -> ir.Table:
    """Comments that are read, counted: `number` and `text` of the comment, `by`, comments and units.

    A text that stands in several ways in the rows (spaces around it) may have several rows.
    """
    rows = rows_of(asker, "returned_items", resolved)
    rows = rows.filter(rows.reason_text.notnull())
    counts = rows.group_by("reason_text", by).agg(comments=rows.count(), units=rows.units.sum())
    texts = rows.group_by("reason_text").agg(times=rows.count())
    texts = texts.mutate(text=texts.reason_text.strip())
    plain = texts.text.lower().re_replace(r"[^a-z0-9]+", " ").strip()
    # a condition on the count too: else the engine asks it of every row before it groups, not once of each text
    texts = texts.filter(ibis.ifelse(texts.times > 0, (texts.text.length() > 2) & ~plain.isin(NAMES), False))
    number = ibis.dense_rank().over(order_by=[texts.text.hash(), texts.text])
    texts = texts.mutate(number=number).filter(lambda found: found.number < MOST_READ)
    return counts.inner_join(texts, "reason_text").select("number", "text", by, "comments", "units")


def _read(asker: Asker, resolved: Resolved) -> tuple[pd.DataFrame, str]:
    """Comments by text and reason: how many returns say it, of how many units; the most frequent text first, and its reason."""
    frame, sql = fetched(asker, _said(asker, resolved, "return_reason").drop("number"))
    frame["text"] = _cleaned(frame.text)
    frame = (
        frame.groupby(["text", "return_reason"], sort=False, dropna=False)[["comments", "units"]].sum().reset_index()
    )
    frame["whole"] = frame.groupby("text").comments.transform("sum")
    order = ["whole", "text", "comments", "return_reason"]
    return frame.sort_values(order, ascending=[False, True, False, True]).drop(columns="whole"), sql


def _cleaned(texts: pd.Series[str]) -> npt.NDArray[np.object_]:
    """Each text is cleaned once, in however many rows it is."""
    codes, different = texts.factorize()
    found: npt.NDArray[np.object_] = np.array([clean(one) for one in different], dtype=object)[codes]
    return found


def _sums(places: npt.NDArray[np.int64], values: npt.NDArray[np.float64], count: int) -> npt.NDArray[np.float64]:
    """The sum of the values at each place."""
    return np.bincount(places, values, minlength=count).astype(np.float64)


def _spoken(texts: Sequence[str]) -> list[str | None]:
    """The language of each text, found out once for the same texts: themes and phrases of a page need it at the same time."""
    order = sorted(range(len(texts)), key=texts.__getitem__)
    one = [texts[place] for place in order]
    key = hashlib.sha256("\0".join(one).encode()).digest()
    with _LOCK:
        if key not in _KNOWN:
            _KNOWN[key] = languages(one)
            while len(_KNOWN) > KEPT:
                del _KNOWN[next(iter(_KNOWN))]
        known = _KNOWN[key]
    found: list[str | None] = [None] * len(texts)
    for place, language in zip(order, known, strict=True):
        found[place] = language
    return found


def _categories(asker: Asker, resolved: Resolved) -> tuple[dict[str, str | None], str]:
    """The category that each text is said of most."""
    said = _said(asker, resolved, "category")
    counts = said.group_by("number", "category").agg(text=said.text.arbitrary(), comments=said.comments.sum())
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


def _products(asker: Asker, resolved: Resolved, every: list[str]) -> tuple[_Products, list[str]]:
    """Read what is said of which product. `every`: the texts, in their places."""
    said = _said(asker, resolved, "product_name")
    said = said.filter(said.product_name.notnull())
    found, sql = asker.release.run(said.select("number", "product_name", "comments"))
    texts, more = fetched(asker, said.select("number", "text").distinct())
    places = {text: place for place, text in enumerate(every)}
    place_of = np.zeros(int(texts.number.max()) + 1 if len(texts) else 1, dtype=np.int64)
    place_of[texts.number.to_numpy()] = [places[text] for text in _cleaned(texts.text)]
    names, product = placed(found["product_name"])
    return _Products(
        names.tolist(),
        place_of[found["number"].to_numpy()],
        product,
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
    frame, sql = _read(asker, resolved)
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
    categories, sql = _categories(asker, resolved)
    queries.append(sql)
    spoken = _spoken(every)
    tone = tones(every, spoken)
    by_language = pd.Series(weights).groupby(spoken).sum()
    rows: list[dict[str, Any]] = []
    found = themes(every, weights, spoken, (reason, [categories[text] for text in every]))
    # what one or two say is no theme
    chosen = [
        theme
        for theme in found
        if (not language or theme.language == language) and weights[theme.texts].sum() >= LEAST_OF_THEME
    ]
    if chosen:
        at_products, more = _products(asker, resolved, every)
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
        at = f", most of all of {row['product']}" if row["product"] else ""
        why = f", mostly where the reason is {row['reason'].lower()}" if row["reason"] else ""
        quoted = "”, “".join(str(row["theme"]).split(", "))
        text = f"{words.number(row['comments'], locale)} {row['language']} comments say “{quoted}”{why}{at}."
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
    from scipy import stats

    resolved = settled(asker, question)
    frame, sql = _read(asker, resolved)
    if frame.comments.sum() < LEAST_COMMENTS:
        said = sentence(
            f"Not enough data: {int(frame.comments.sum())} comments in this period, and {LEAST_COMMENTS} are needed."
        )
        return answer_of(asker, resolved, _none(titles), titles, [said], queries=[sql])
    frame["return_reason"] = frame.return_reason.fillna("No reason")
    place, different = frame.text.factorize()
    every = [str(text) for text in different]
    reason_at, reasons_there = frame.return_reason.factorize(sort=True)
    heard = np.zeros((len(every), len(reasons_there)))
    np.add.at(heard, (place, reason_at), frame.comments.to_numpy(dtype=np.float64))
    spoken = np.array(_spoken(every), dtype=object)
    rows: list[dict[str, Any]] = []
    for name in sorted({str(one) for one in spoken if one is not None}):
        if language and name != language:
            continue
        mine = np.flatnonzero(spoken == name)
        found, counts = counted([every[one] for one in mine.tolist()], heard[mine], name)
        sizes = heard[mine].sum(axis=0)
        whole = float(sizes.sum())
        # of reasons that say it as often, the last by name
        most = counts.shape[1] - 1 - counts[:, ::-1].argmax(axis=1)
        times_said = counts.sum(axis=1)
        often = np.flatnonzero(times_said >= LEAST_OF_PRODUCT)
        if not len(often):
            continue
        inside = counts[often, most[often]]
        tail = stats.binom.sf(inside - 1, times_said[often], sizes[most[often]] / whole)
        sure = discoveries(tail, DISCOVERY_OF_PHRASES)
        for place_of, is_sure in zip(often.tolist(), sure.tolist(), strict=True):
            at, count = int(most[place_of]), float(times_said[place_of])
            size, said_of_it = float(sizes[at]), float(counts[place_of, at])
            outside = (count - said_of_it + 0.5) / max(whole - size, 1.0)
            times = said_of_it / size / outside if whole > size else None
            if times is None or (is_sure and times >= LEAST_TIMES):
                rows.append({"phrase": found[place_of], "language": LANGUAGES[str(name)], "comments": count,
                             "reason": str(reasons_there[at]), "times": times})  # fmt: skip
    rows.sort(key=lambda row: (-row["comments"], -len(row["phrase"]), row["phrase"]))
    rows = _longest(rows)
    sentences = [sentence("No phrase goes with one reason more than with others, beyond chance.")]
    if rows:
        sentences = [sentence(f"The most frequent phrase is “{rows[0]['phrase']}” ({rows[0]['reason'].lower()}).")]
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
