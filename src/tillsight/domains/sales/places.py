"""Countries as shops write them, as ISO codes: `Germany`, `Deutschland`, `DEU`, `de` and `276` are one country.

Names come from CLDR (through Babel) in the languages below. A name that no language knows has no code.
"""

from __future__ import annotations

import unicodedata
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tillsight.metrics.ask import Asker

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
