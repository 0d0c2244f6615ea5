"""Reading short comments: which language, which tone, which phrases, and which of them are about the same thing.

Rules begin and the shop's own text goes on. Languages are told by their function words; where there are enough texts whose language
is plain, a model of their letters (naive Bayes over sequences of two to four) tells those that have no function word. Tone is counted
from words that are good or bad by themselves, turned round by a negation in front; where there are enough of both,
a model of the shop's own words (logistic regression) tells the tone of texts without such words. Themes are groups of texts that
share words that are rare elsewhere: TF-IDF, with words counted the less the more evenly they are said of every reason and
category (the divergence of Kullback and Leibler 1951; so that "I am sending it back" is no theme), reduced by SVD
(latent semantic analysis, Deerwester et al. 1990), k-means with as many groups as have the best silhouette (Rousseeuw 1987), one
language at a time.

Nothing is downloaded, nothing leaves the machine, and the same texts always give the same answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import numpy as np
import numpy.typing as npt
import yaml

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

LEAST_TO_LEARN = 40
"""Texts of a sort that a model needs to be learnt from."""
SURE = 0.80
LEAST_FOR_THEMES = 20
MOST_FITTED = 2_000
THEMES = (2, 3, 4, 6, 8, 10, 13, 16, 20, 24)
"""Numbers of themes that are tried."""
LEAST_TELLING = 0.15
STEM = 5
PHRASE_WORDS = 3
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_PERSONAL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+|https?://\S+|\+?\d[\d ()/-]{5,}\d")


def clean(text: str) -> str:
    """A text with one space between words, and without what reaches a person: addresses, telephone and other long numbers."""
    return " ".join(_PERSONAL.sub("…", text).split())


def words_of(text: str) -> list[str]:
    """Its words in lower case."""
    return [word.replace("’", "'") for word in _WORD.findall(text.lower())]


def _lists() -> dict[str, dict[str, str]]:
    text = files("tillsight.domains.returns").joinpath("words.yaml").read_text(encoding="utf-8")
    read: dict[str, dict[str, str]] = yaml.load(text, yaml.CSafeLoader)
    return read


def _sets(name: str) -> dict[str, frozenset[str]]:
    return {language: frozenset(lists[name].split()) for language, lists in _LISTS.items()}


_LISTS = _lists()
LANGUAGES = {language: lists["title"] for language, lists in _LISTS.items()}
_FUNCTION, _GOOD, _BAD, _NOT = _sets("function"), _sets("good"), _sets("bad"), _sets("negations")
_TELLS: dict[str, list[tuple[str, float]]] = {}
"""What a word says of the language that it is in: function words 1, opinions half."""
for _language in LANGUAGES:
    for _word, _score in (
        *((word, 1.0) for word in _FUNCTION[_language]),
        *((word, 0.5) for word in _GOOD[_language] | _BAD[_language]),
    ):
        _TELLS.setdefault(_word, []).append((_language, _score))


def languages(texts: Sequence[str]) -> list[str | None]:
    """The language of each text; None where neither rules nor the shop's other texts tell it."""
    tokens = [words_of(text) for text in texts]
    found = [_by_rules(words) for words in tokens]
    plain = [place for place, language in enumerate(found) if language is not None]
    open_ = [place for place, language in enumerate(found) if language is None and tokens[place]]
    enough = {language for language in set(found) - {None} if found.count(language) >= LEAST_TO_LEARN // 2}
    taught = [place for place in plain if found[place] in enough]
    if not open_ or len(taught) < LEAST_TO_LEARN:
        return found
    if len(enough) == 1:
        return found
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.naive_bayes import MultinomialNB

    letters = CountVectorizer(analyzer="char_wb", ngram_range=(2, 4), min_df=2, max_features=20_000)
    model = MultinomialNB(alpha=0.5)
    model.fit(letters.fit_transform([texts[place] for place in taught]), [found[place] for place in taught])
    chances = model.predict_proba(letters.transform([texts[place] for place in open_]))
    for place, chance in zip(open_, chances, strict=True):
        if chance.max() >= SURE:
            found[place] = str(model.classes_[chance.argmax()])
    return found


def _by_rules(words: list[str]) -> str | None:
    """The language with the most function words; opinions count half; None for a tie and for none."""
    scores = dict.fromkeys(LANGUAGES, 0.0)
    for word in words:
        for language, score in _TELLS.get(word, ()):
            scores[language] += score
    best = max(scores.values(), default=0)
    leading = [language for language, score in scores.items() if score == best]
    return leading[0] if best > 0 and len(leading) == 1 else None


def tones(texts: Sequence[str], spoken: Sequence[str | None]) -> Floats:
    """The tone of each text from −1 (bad) to 1 (good); not a number where nothing tells it."""
    tone = np.array([_tone(words_of(text), language) for text, language in zip(texts, spoken, strict=True)])
    known, open_ = np.flatnonzero(np.isfinite(tone) & (tone != 0)), np.flatnonzero(~np.isfinite(tone))
    good = int((tone[known] > 0).sum())
    if not len(open_) or min(good, len(known) - good) < LEAST_TO_LEARN:
        return tone
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression

    vectors = TfidfVectorizer(ngram_range=(1, 2), min_df=3, max_features=20_000, tokenizer=words_of, token_pattern=None)
    model = LogisticRegression(max_iter=200, class_weight="balanced", random_state=0)
    try:
        model.fit(vectors.fit_transform([texts[place] for place in known.tolist()]), tone[known] > 0)
    except ValueError:  # no word is in three texts
        return tone
    seen = vectors.transform([texts[place] for place in open_.tolist()])
    chance = model.predict_proba(seen)[:, 1]
    sure = (np.abs(chance - 0.5) >= SURE - 0.5) & (np.diff(seen.indptr) > 0)
    tone[open_[sure]] = 2 * chance[sure] - 1
    return tone


def _tone(words: list[str], language: str | None) -> float:
    spoken = [language] if language else list(LANGUAGES)
    total, count = 0.0, 0
    for one in spoken:
        for place, word in enumerate(words):
            sign = (word in _GOOD[one]) - (word in _BAD[one])
            if sign:
                turned = any(before in _NOT[one] for before in words[max(place - 3, 0) : place])
                # "not small" is no praise: it only takes the complaint away
                total += (-1.0 if sign > 0 else 0.0) if turned else sign
                count += 1
    return total / count if count else float("nan")


@dataclass(frozen=True)
class Theme:
    """Texts about the same thing. `texts`: their places, the most typical first; `phrases`: what they share."""

    language: str | None
    texts: Ints
    phrases: tuple[str, ...]


def phrases(texts: Sequence[str], weights: Floats, language: str | None) -> dict[str, float]:
    """Phrases of one to three words by how many comments have them, function words at neither end."""
    counts: dict[str, float] = {}
    for mine, weight in zip(_phrases_of(texts, language), weights.tolist(), strict=True):
        for phrase in mine:
            counts[phrase] = counts.get(phrase, 0.0) + weight
    return counts


def counted(texts: Sequence[str], weights: Floats, language: str | None) -> tuple[list[str], Floats]:
    """The same phrases, and a row for each with its comments by column. `weights`: a row for each text, such as its reasons."""
    from scipy import sparse

    places: dict[str, int] = {}
    starts, held = [0], []
    for mine in _phrases_of(texts, language):
        held += [places.setdefault(phrase, len(places)) for phrase in sorted(mine)]
        starts.append(len(held))
    there = sparse.csr_matrix((np.ones(len(held)), held, starts), shape=(len(texts), len(places)))
    counts: Floats = there.T @ weights
    return list(places), counts


def _phrases_of(texts: Sequence[str], language: str | None) -> Iterator[set[str]]:
    """The different phrases of each text."""
    stop = _FUNCTION.get(language or "", frozenset())
    for text in texts:
        words = words_of(text)
        ends = [word not in stop for word in words]
        mine = {word for word, end in zip(words, ends, strict=True) if end and len(word) >= 3}
        for length in range(2, PHRASE_WORDS + 1):
            for start in range(len(words) - length + 1):
                if ends[start] and ends[start + length - 1]:
                    mine.add(" ".join(words[start : start + length]))
        yield mine


def weight_of_words(texts: Sequence[str], weights: Floats, about: Sequence[Sequence[object]]) -> dict[str, float]:
    """How much each word tells, from 0 to 1: by how far what it is said of differs from what everything is said of.

    `about`: for each view (a reason, a category) what each text is said of. Without any view that differs every word counts alike.
    """
    import pandas as pd

    words = [sorted(set(words_of(text))) for text in texts]
    frame = pd.DataFrame({"word": words, "weight": weights, "text": range(len(texts))}).explode("word").dropna()
    told: pd.Series[float] | None = None
    for view in about:
        values = pd.Series([str(value) for value in view])
        if values.nunique() < 2:
            continue
        frame["of"] = values.to_numpy()[frame.text.to_numpy(dtype=np.int64)]
        usual = pd.Series(weights).groupby(values).sum()
        usual = usual / usual.sum()
        counts = frame.groupby(["word", "of"]).weight.sum()
        whole = counts.groupby("word").transform("sum")
        share = counts / whole
        gain = share * np.log(share / usual.reindex(counts.index.get_level_values("of")).to_numpy())
        found = gain.groupby("word").sum()
        # chance alone makes a word of few comments differ: by the number of values less one over twice its comments (Miller 1955)
        size, kinds = counts.groupby("word").sum(), counts.groupby("word").size()
        found = (found - (np.minimum(len(usual), kinds + 1) - 1) / (2 * size)).clip(lower=0.0, upper=1.0)
        told = found if told is None else np.maximum(told, found)
    if told is None:
        return {str(word): 1.0 for word in frame.word.unique()}
    return {str(word): float(weight) for word, weight in told.items()}


def _telling(
    inside: dict[str, float],
    everywhere: dict[str, float],
    size: float,
    whole: float,
    most: int,
    tells: dict[str, float],
) -> list[str]:
    """The phrases that tell a theme from the rest: frequent in it, rare outside, of words that tell something.

    A phrase that overlaps with one that is chosen already is left out.
    """
    scores = {}
    for phrase, count in inside.items():
        words = phrase.split(" ")
        if (count < 2 and size > 4) or min(tells.get(words[0], 0.0), tells.get(words[-1], 0.0)) < LEAST_TELLING:
            continue
        share, usual = count / size, everywhere[phrase] / whole
        scores[phrase] = share * np.log(1 + share / usual) * (1 + 0.25 * phrase.count(" "))
    chosen: list[str] = []
    for phrase in sorted(scores, key=lambda one: (-scores[one], one)):
        words_here = set(phrase.split(" "))
        if scores[phrase] < 0.15 * scores[chosen[0]] if chosen else False:
            break
        if any(words_here & set(other.split(" ")) for other in chosen):
            continue
        chosen.append(phrase)
        if len(chosen) == most:
            break
    return chosen


def themes(
    texts: Sequence[str],
    weights: Floats,
    spoken: Sequence[str | None],
    about: Sequence[Sequence[object]] = (),
    most_phrases: int = 3,
) -> list[Theme]:
    """Groups of texts about the same thing, by language; none for a language with fewer than 20 comments.

    `weights`: how many comments say each text; `about`: see `weight_of_words`.
    Texts that share no word with others of their language are in no group.
    """
    found: list[Theme] = []
    for language in sorted({one for one in spoken if one is not None}):
        places = np.flatnonzero(np.array([one == language for one in spoken]))
        if weights[places].sum() < LEAST_FOR_THEMES:
            continue
        mine = [texts[place] for place in places.tolist()]
        tells = weight_of_words(mine, weights[places], [[view[place] for place in places.tolist()] for view in about])
        labels, closeness = _grouped(mine, weights[places], language, tells)
        everywhere = phrases(mine, weights[places], language)
        whole = float(weights[places].sum())
        for label in range(int(labels.max(initial=-1)) + 1):
            members = np.flatnonzero(labels == label)
            size = float(weights[places[members]].sum())
            inside = phrases([mine[place] for place in members.tolist()], weights[places[members]], language)
            said = _telling(inside, everywhere, size, whole, most_phrases, tells)
            if said:
                typical = members[np.lexsort((members, -closeness[members]))]
                found.append(Theme(language, places[typical], tuple(said)))
    return found


def _grouped(texts: list[str], weights: Floats, language: str, tells: dict[str, float]) -> tuple[Ints, Floats]:
    """A label for each text (−1: none) and how close it is to the middle of its group."""
    from scipy import sparse
    from sklearn.cluster import KMeans
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.metrics import silhouette_score
    from sklearn.preprocessing import normalize

    none = np.full(len(texts), -1, dtype=np.int64), np.zeros(len(texts))
    stop = _FUNCTION[language] | {word for word, tell in tells.items() if tell < LEAST_TELLING}

    def parts(text: str) -> list[str]:
        # the beginning of a word too: `smells`, `smelly` and `smell` are one
        return [piece for word in words_of(text) if word not in stop for piece in sorted({word, word[:STEM]})]

    vectors = TfidfVectorizer(analyzer=parts, max_features=8_000)
    order = np.argsort(-weights, kind="stable")[:MOST_FITTED]
    try:
        fitted = vectors.fit_transform([texts[place] for place in order.tolist()])
    except ValueError:  # no words that tell anything
        return none
    if min(fitted.shape) < 3:
        return none
    best_of: dict[str, float] = {}
    for word, tell in tells.items():
        best_of[word[:STEM]] = max(best_of.get(word[:STEM], 0.0), tell)
    scale = sparse.diags([tells.get(piece, best_of.get(piece, 1.0)) for piece in vectors.get_feature_names_out()])
    fitted = normalize(fitted @ scale)
    reduction = TruncatedSVD(min(40, min(fitted.shape) - 1), random_state=0)
    points = normalize(reduction.fit_transform(fitted))
    # equal texts are one point: there are no more groups than points
    apart = len(np.unique(points.round(6), axis=0))
    best: Any = None
    sample = np.random.default_rng(0).choice(len(points), min(len(points), 500), replace=False)
    for count in THEMES:
        if count >= len(sample) or count > apart:
            break
        model = KMeans(count, n_init=1, random_state=0).fit(points, sample_weight=weights[order])
        if len(set(model.labels_[sample].tolist())) < 2:
            continue
        score = silhouette_score(points[sample], model.labels_[sample])
        if best is None or score > best[0] + 0.01:
            best = (score, model)
    if best is None:
        return none
    every = normalize(vectors.transform(texts) @ scale)
    where = normalize(reduction.transform(every))
    alike = where @ normalize(best[1].cluster_centers_).T
    labels = alike.argmax(axis=1).astype(np.int64)
    close = alike.max(axis=1)
    labels[(np.diff(every.indptr) == 0) | (close < 0.2)] = -1
    return labels, close
