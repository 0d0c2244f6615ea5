"""What the calendar tells about days to come: weekday, public holidays of a country, the days on which all shops sell, own events.

Holidays come from the library `holidays`, which knows the public ones of more than a hundred countries; Black Friday, Cyber Monday
and the days before Christmas are none of them and are added. Every sort of day has a code, the same every year, so that a model
can learn in one year what the next will bring.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from tillsight.core.errors import QuestionError
from tillsight.forecasting.panel import Floats

NEAR = 10
"""Days before and after a holiday that are told apart."""
CODES = ("holiday",)


@dataclass(frozen=True)
class Event:
    """Something of the shop's own that moves sales: a name, the first and the last day."""

    name: str
    start: date
    end: date


def public_holidays(country: str, years: Iterable[int]) -> dict[date, str]:
    """Public holidays of a country (two-letter code) by day. Raises QuestionError for a country that is not known."""
    import holidays

    if country.upper() not in holidays.list_supported_countries():
        raise QuestionError(
            f"Holidays of {country!r} are not known; use a two-letter country code such as DE, GB or US.",
            field="country",
            value=country,
        )
    return dict(holidays.country_holidays(country.upper(), years=list(years), language="en_US"))


def shopping_days(year: int) -> dict[date, str]:
    """Days that retailers everywhere feel and no country lists: the weekend from Black Friday, and Christmas Eve to New Year's Eve."""
    november = date(year, 11, 1)
    thanksgiving = november + timedelta(days=(3 - november.weekday()) % 7 + 21)
    named = ("Thanksgiving", "Black Friday", "Black Friday weekend", "Black Friday weekend", "Cyber Monday")
    found = {thanksgiving + timedelta(days=at): name for at, name in enumerate(named)}
    return found | {date(year, 12, 24): "Christmas Eve", date(year, 12, 31): "New Year's Eve"}


def features(start: date, days: int, country: str | None = None, events: Iterable[Event] = ()) -> Mapping[str, Floats]:
    """Features of `days` days from `start` on: day of the month, code of the holiday (0: none), days to and since the nearest one,
    and a code for own events. Weekday and time of the year are known to every model anyway."""
    dates = [start + timedelta(days=at) for at in range(days)]
    years = range(start.year - 1, dates[-1].year + 2)
    named: dict[date, str] = {}
    for year in years:
        named |= shopping_days(year)
    if country:
        named = public_holidays(country, years) | named
    codes = {name: at + 1 for at, name in enumerate(sorted(set(named.values())))}
    all_days = np.array(sorted(day.toordinal() for day in named))
    ordinals = np.array([day.toordinal() for day in dates])
    after = all_days[np.searchsorted(all_days, ordinals, side="left")]
    before = all_days[np.searchsorted(all_days, ordinals, side="right") - 1]
    found = {
        "day_of_month": np.array([day.day for day in dates], dtype=float),
        "holiday": np.array([codes.get(named.get(day, ""), 0) for day in dates], dtype=float),
        "days_to_holiday": np.minimum(after - ordinals, NEAR).astype(float),
        "days_since_holiday": np.minimum(ordinals - before, NEAR).astype(float),
        "days_to_christmas": np.array(
            [min(max((date(day.year, 12, 24) - day).days, -8), 40) for day in dates], dtype=float
        ),
    }
    for name in sorted({event.name for event in events}):
        spans = [(event.start, event.end) for event in events if event.name == name]
        found[f"event: {name}"] = np.array([float(any(first <= day <= last for first, last in spans)) for day in dates])
    return found
