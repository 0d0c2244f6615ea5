"""Making forecasts of parts and wholes agree: bottom-up, and the combination with the least variance of errors (MinT).

A hierarchy is a matrix S: a row for every series (wholes and parts), a column for every part (bottom series), 1 where the part
belongs to the series. Base forecasts ŷ of all series are replaced by S·G·ŷ, which sum. Bottom-up takes the parts and adds them.
MinT (Wickramasuriya, Athanasopoulos and Hyndman, Journal of the American Statistical Association 114, 2019) weighs every series by
how well it was forecast: G = (S′W⁻¹S)⁻¹S′W⁻¹ with W the covariance of the errors, shrunk to its diagonal as Schäfer and
Strimmer (2005) derive, because there are more series than errors.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from tillsight.forecasting.panel import Floats

Method = Literal["bottom_up", "mint"]


def total_over_parts(parts: int) -> Floats:
    """S of one whole (the first row) and its parts."""
    return np.vstack([np.ones((1, parts)), np.eye(parts)])


def reconcile(
    points: Floats,
    structure: Floats,
    errors: Floats | None = None,
    method: Method = "mint",
    *,
    not_negative: bool = True,
) -> Floats:
    """Forecasts (series, days) that sum, in the order of the rows of `structure`.

    `errors`: errors of the same series, (series, observations), for MinT. Where a part would fall below zero and cannot, it is
    set to zero and the wholes are added up again, so that the sums hold.
    """
    series, parts = structure.shape
    bottom = _bottom_rows(structure)
    if method == "bottom_up" or errors is None:
        made = points[bottom]
    else:
        inverse = np.linalg.inv(shrunk_covariance(errors))
        weighed = structure.T @ inverse
        made = np.asarray(np.linalg.solve(weighed @ structure, weighed @ points), dtype=np.float64)
    if made.shape[0] != parts or points.shape[0] != series:
        raise ValueError("points and structure have different numbers of series")
    if not_negative:
        return np.asarray(structure @ np.maximum(made, 0.0))
    return np.asarray(structure @ made)


def shrunk_covariance(errors: Floats) -> Floats:
    """Covariance of errors (series, observations), about zero, its correlations shrunk to zero as far as they are noise.

    Observations with an unknown error are left out. The diagonal has a floor, so that a series without errors can be weighed.
    """
    known = errors[:, np.isfinite(errors).all(axis=0)]
    count = max(known.shape[1], 2)
    variance = (known**2).sum(axis=1) / count
    floor = max(float(variance.max(initial=0.0)) * 1e-8, 1e-12)
    deviation = np.sqrt(np.maximum(variance, floor))
    standard = known / deviation[:, None]
    correlation = standard @ standard.T / count
    # variance of each correlation's estimate, against its size
    noise = ((standard**2) @ (standard**2).T / count - correlation**2) / (count - 1)
    apart = ~np.eye(len(errors), dtype=bool)
    size = float((correlation[apart] ** 2).sum())
    share = min(1.0, max(0.0, float(noise[apart].sum()) / size)) if size > 0 else 1.0
    shrunk = np.where(apart, (1 - share) * correlation, 1.0)
    return np.asarray(shrunk * np.outer(deviation, deviation))


def _bottom_rows(structure: Floats) -> list[int]:
    """The row of every part: the last one that consists of it alone."""
    rows = []
    for part in range(structure.shape[1]):
        alone = np.flatnonzero((structure[:, part] == 1) & (structure.sum(axis=1) == 1))
        if not len(alone):
            raise ValueError(f"part {part} has no series of its own")
        rows.append(int(alone[-1]))
    return rows
