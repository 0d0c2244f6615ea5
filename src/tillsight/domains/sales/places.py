"""Where sales go: countries as shops write them, as ISO codes, and what each of them brings.

`sales.map`  one row per country as it is written: ISO number (that of its shape on a map; null where it is not known), figures and share

`Germany`, `Deutschland`, `DEU`, `de` and `276` are one country; a shop that writes it in several ways sees each, with the same number.
Names come from CLDR (through Babel) in the languages below. A name that no language knows has no code.
"""

from __future__ import annotations

import dataclasses
import unicodedata
from functools import cache
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from tillsight.core import words
from tillsight.metrics.answer import Answer, AnswerColumn, sentence
from tillsight.metrics.ask import Asker
from tillsight.metrics.model import Analysis

LANGUAGES = (
    "en", "de", "fr", "es", "it", "nl", "pt", "sv", "da", "nb", "fi", "pl", "cs", "sk", "hu", "ro", "el", "tr", "uk", "ru", "ja", "zh",
    "ko", "ar", "he", "th", "vi", "id",
)  # fmt: skip
# CLDR leads the numbers of former countries to their successors as well
_NUMBERS = {"DE": "276", "ET": "231", "FR": "250", "SD": "729", "YE": "887"}
_ALSO = {
    "usa": "US", "u.s.a.": "US", "u.s.": "US", "uk": "GB", "u.k.": "GB", "great britain": "GB", "england": "GB", "scotland": "GB",
    "wales": "GB", "northern ireland": "GB", "eire": "IE", "holland": "NL", "the netherlands": "NL", "czech republic": "CZ", "rsa": "ZA",
    "uae": "AE", "korea": "KR", "republic of korea": "KR", "russian federation": "RU", "channel islands": "JE",
}  # fmt: skip


def _plain(name: str) -> str:
    """Lower case, without accents and doubled spaces."""
    split = unicodedata.normalize("NFKD", name.strip().casefold())
    return " ".join("".join(letter for letter in split if not unicodedata.combining(letter)).split())


@cache
def _names() -> dict[str, str]:
    from babel import Locale
    from babel.core import get_global

    aliases = {code: found for code, found in get_global("territory_aliases").items() if len(found) == 1}
    english = Locale.parse("en").territories
    codes = {
        code for code in english if len(code) == 2 and code.isalpha() and code not in ("EU", "EZ", "UN", "QO", "ZZ")
    }
    names: dict[str, str] = {}
    for language in LANGUAGES:
        for code, name in Locale.parse(language).territories.items():
            if code in codes:
                names.setdefault(_plain(name), code)
    names |= {code.casefold(): found[0] for code, found in aliases.items() if found[0] in codes}
    return names | {code.casefold(): code for code in codes} | _ALSO


@cache
def _numbers() -> dict[str, str]:
    from babel.core import get_global

    aliases = get_global("territory_aliases")
    found = {to[0]: code for code, to in aliases.items() if len(code) == 3 and code.isdigit() and len(to) == 1}
    return found | _NUMBERS


@cache
def country_of(name: str) -> str | None:
    """The two letters of ISO 3166 for a country as it is written; None where it is not known."""
    return _names().get(_plain(name))


def number_of(name: str) -> str | None:
    """The three digits of ISO 3166, as shapes of countries are named; None where the country is not known."""
    code = country_of(name)
    return _numbers().get(code) if code else None


def main_country(asker: Asker, where: Any = ()) -> str | None:
    """The country with the most revenue in the data, else that of the shop's locale; two letters, None where neither is known."""
    rows = asker.query("revenue", by="country", where=where, sort="-revenue", limit=1).to_records()
    written = rows[0]["country"] if rows else None
    territory = asker.release.locale.partition("-")[2].upper()
    return (country_of(written) if written else None) or (territory if len(territory) == 2 else None)


def known_country(country: str | None) -> str | None:
    """The country, where its public holidays are known."""
    import holidays

    return country if country in holidays.list_supported_countries() else None


def drawn(asker: Asker, question: dict[str, Any]) -> Answer:
    """Countries by revenue. Columns: country, ISO number, revenue, share, orders, average order value; totals of all of them."""
    question = {key: value for key, value in question.items() if key != "compare"}
    answer = asker.query(["revenue", "orders", "average_order_value"], by="country", sort="-revenue", **question)
    table = answer.table
    names = table["country"].to_pylist()
    revenue = table["revenue"].cast(pa.float64())
    whole = float((answer.totals or {}).get("revenue") or 0)
    share = pc.divide(pc.multiply(revenue, 100.0), whole) if whole > 0 else pa.nulls(len(names), pa.float64())
    numbers = pa.array([number_of(name) if name else None for name in names], pa.string())
    table = table.append_column("shape", numbers).append_column("share", share)
    by_name = {column.name: column for column in answer.columns}
    columns = (
        by_name["country"],
        AnswerColumn("shape", "ISO number", "dimension"),
        by_name["revenue"],
        AnswerColumn("share", "Share of revenue", "plain", unit="percent"),
        by_name["orders"],
        by_name["average_order_value"],
    )
    said = []
    if whole > 0 and names and names[0]:
        told = words.percent(float(share[0].as_py()))
        said.append(sentence(f"{names[0]} brings {told} of revenue.", metric="revenue"))
    unknown = [name for name, number in zip(names, numbers.to_pylist(), strict=True) if name and not number]
    if unknown:
        said.append(sentence(f"Not known as countries: {', '.join(unknown[:5])}."))
    return dataclasses.replace(
        answer,
        table=table.select([column.name for column in columns]),
        columns=columns,
        totals={**(answer.totals or {}), "share": 100.0 if whole > 0 else None},
        sentences=said,
    )


ANALYSES = (
    Analysis(
        "sales.map",
        "Sales by country",
        "sales",
        "Countries with what they bring, and the numbers of their shapes on a map.",
        drawn,
    ),
)
