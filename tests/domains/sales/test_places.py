"""Countries as shops write them."""

from __future__ import annotations

import pytest

from tillsight.domains.sales.places import country_of, known_country, number_of


@pytest.mark.feature("SAL-08")
@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("Germany", "DE"), ("deutschland", "DE"), (" DEU ", "DE"), ("de", "DE"), ("276", "DE"), ("USA", "US"), ("United States", "US"),
        ("UK", "GB"), ("Vereinigtes Königreich", "GB"), ("Österreich", "AT"), ("Osterreich", "AT"), ("Türkiye", "TR"), ("日本", "JP"),
        ("Czech Republic", "CZ"), ("Czechia", "CZ"), ("Côte d’Ivoire", "CI"), ("Atlantis", None), ("", None),
    ],
)  # fmt: skip
def test_one_country_in_many_spellings(written: str, code: str | None) -> None:
    assert country_of(written) == code


def test_shapes_have_the_numbers_of_iso_3166() -> None:
    assert [number_of(name) for name in ("Germany", "France", "GB", "Sudan", "Nowhere")] == [
        "276",
        "250",
        "826",
        "729",
        None,
    ]


def test_holidays_are_known_of_most_countries() -> None:
    assert known_country("DE") == "DE"
    assert known_country(None) is None
    assert known_country("XX") is None
