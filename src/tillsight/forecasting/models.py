"""Every model by name, and which of them are tried on which series.

Cheap ones and the global model are tried on every series; multiple seasonality on the 200 largest, ARIMA (tens of milliseconds a
series) on the ten largest, which are the totals people look at; intermittent models where demand is intermittent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from tillsight.core.errors import NotFoundError
from tillsight.forecasting.arima import Arima
from tillsight.forecasting.average import MovingAverage
from tillsight.forecasting.boosting import Boosting
from tillsight.forecasting.decomposition import Mstl
from tillsight.forecasting.intermittent import Croston, Sba, Tsb, is_intermittent
from tillsight.forecasting.naive import SeasonalNaive
from tillsight.forecasting.panel import Ints, Model, Panel
from tillsight.forecasting.smoothing import ExponentialSmoothing
from tillsight.forecasting.theta import Theta
from tillsight.forecasting.year_ago import YearAgo

MODELS: dict[str, Model] = {
    model.name: model
    for model in (
        SeasonalNaive(),
        MovingAverage(),
        ExponentialSmoothing(),
        Theta(),
        YearAgo(),
        Arima(),
        Mstl(),
        Boosting(),
        Croston(),
        Sba(),
        Tsb(),
    )
}
COMBINATIONS: dict[str, str] = {
    "mean": "Mean of the models",
    "median": "Median of the models",
    "weighted": "Mean of the models, weighted by their errors",
}
INTERMITTENT = ("croston", "sba", "tsb")
KNOW_HOLIDAYS = ("seasonal_naive", "boosting")
"""Models that see holidays as they were: the measure of all others, and the one that learns them itself."""
SEASONALITY_SERIES = 200
ARIMA_SERIES = 10


def title_of(name: str) -> str:
    """The words of a model or a combination."""
    return COMBINATIONS.get(name) or MODELS[name].title


def plan(panel: Panel, names: Sequence[str] | None = None) -> Mapping[str, Ints]:
    """The models to try, each with the rows of the panel that it is tried on. With `names`: these on every series.

    Raises NotFoundError for a name that no model has.
    """
    every = np.arange(panel.count)
    if names is not None:
        unknown = [name for name in names if name not in MODELS]
        if unknown:
            raise NotFoundError(
                f"There is no model {unknown[0]!r}; there are {', '.join(MODELS)}.", field="model", value=unknown[0]
            )
        return dict.fromkeys(names, every)
    largest = np.argsort(-np.nansum(np.abs(panel.values), axis=1), kind="stable")
    now_and_then = np.flatnonzero(is_intermittent(panel.values))
    rows: dict[str, Ints] = dict.fromkeys(MODELS, every)
    rows["mstl"] = np.sort(largest[:SEASONALITY_SERIES])
    rows["arima"] = np.sort(largest[:ARIMA_SERIES])
    for name in INTERMITTENT:
        rows[name] = now_and_then
    return {name: chosen for name, chosen in rows.items() if len(chosen)}
