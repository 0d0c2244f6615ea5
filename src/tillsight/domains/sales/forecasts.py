"""What comes next: a measure of sales ahead, how sure that is, and how good such forecasts were.

`sales.forecast`         day by day: what was, what was forecast of it in the backtest, and what is expected, with an interval
`sales.forecast_models`  every model that was tried, with the figures of its backtest, and which was taken
`sales.forecast_record`  forecasts that were made from earlier days against what came

The last day that is learnt from is the last one of the period that is asked for (with data); so a period that has passed shows what would
have been forecast from its end. Parts (`by`) and the whole are forecast by themselves and made to agree (MinT). Measures: what sums over
days. A forecast is made once for a release and a question, and kept with it; it holds no person, so forecasts by customer are not
kept. See `tillsight.forecasting` for the methods.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import threading
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

import numpy as np
import pyarrow as pa

from tillsight.core import words
from tillsight.core.money import minor_units
from tillsight.core.version import VERSION
from tillsight.domains.sales import known_ahead
from tillsight.domains.sales.places import known_country, main_country
from tillsight.metrics.answer import Answer, AnswerColumn, sentence
from tillsight.metrics.ask import OTHERS, Asker
from tillsight.metrics.masking import sort_of_dimension
from tillsight.metrics.model import Analysis, Metric, Parameter
from tillsight.metrics.question import Filter, ask_for
from tillsight.metrics.summing import check_sums

if TYPE_CHECKING:
    from tillsight.forecasting.forecast import Forecasts
    from tillsight.forecasting.panel import Floats, Panel

LONGEST = 3 * 365
WHOLE = "(total)"
"""What the whole is called where parts stand beside it."""
SCENARIOS = {"expected": "Expected", "best": "Best case", "worst": "Worst case"}

ASKED = (
    Parameter("metric", "text", "revenue", "What to forecast: a metric that sums over days."),
    Parameter("by", "text", "", "A dimension whose largest values are forecast beside the whole."),
    Parameter("horizon", "integer", 30, "Days ahead.", minimum=1, maximum=366),
    Parameter("level", "number", 80, "How sure the interval is, in percent.", minimum=50, maximum=99),
    Parameter("limit", "integer", 8, "How many values of the dimension; the rest is one.", minimum=1, maximum=200),
    Parameter(
        "country", "text", "", "Whose public holidays count, such as DE; by default the country with the most revenue."
    ),
)


@dataclasses.dataclass(frozen=True)
class _Asked:
    """A question about the days ahead, settled."""

    metric: Metric
    by: str
    horizon: int
    level: float
    limit: int
    country: str | None
    origin: date
    where: tuple[Filter, ...]

    def digest(self, asker: Asker) -> str:
        """What makes two questions the same, whenever they are asked."""
        parts = [
            self.metric.name, self.by, self.horizon, self.level, self.limit, self.country, asker.release.currency,
            sorted(str(item) for item in self.where), asker.scope.key,
        ]  # fmt: skip
        return hashlib.sha256(json.dumps(parts, default=str).encode()).hexdigest()

    def names_persons(self, asker: Asker) -> bool:
        """Whether the answer, or what it is filtered by, tells of single persons."""
        dimensions = asker.catalogue.dimensions
        used = [*([self.by] if self.by else []), *(item.dimension for item in self.where)]
        return any(sort_of_dimension(dimensions[name]) is not None for name in used)


def forecast(
    asker: Asker,
    question: dict[str, Any],
    metric: str,
    by: str,
    horizon: int,
    level: float,
    limit: int,
    country: str,
    scenario: str,
    history: int,
) -> Answer:
    """The days ahead, and the days before them.

    Columns: day, the dimension (where there is one; the whole is "(total)"), actual, forecast, lower, upper, tried (what was forecast in
    the backtest), model. Totals: sums over the days ahead with the interval of the sum. Without enough history there is no number, but a
    sentence that says why.
    """
    asked = _settled(asker, question, metric, by, horizon, level, limit, country)
    result, values, answer = _made(asker, asked)
    shown_from = asked.origin - timedelta(days=history - 1)
    rows: dict[str, list[Any]] = {name: [] for name in ("day", "series", *_FIGURES, "model")}
    for series in result["series"]:
        _add_rows(rows, series, values, asked, scenario, shown_from)
    columns, table = _table(asker, asked, rows)
    totals = _totals(result, scenario)
    return dataclasses.replace(
        answer,
        table=table,
        columns=columns,
        totals={column.name: totals.get(column.name) for column in columns if column.metric},
        row_count=table.num_rows,
        sentences=_in_words(asker, asked, result, values, scenario),
    )


def models(
    asker: Asker, question: dict[str, Any], metric: str, by: str, horizon: int, level: float, limit: int, country: str
) -> Answer:
    """Every model that was tried: the dimension (where there is one), model, taken, MASE, MAPE, sMAPE, RMSE, bias, coverage.

    Errors are those of the windows of the backtest; coverage is that of the interval at the level, for the model that was taken.
    """
    asked = _settled(asker, question, metric, by, horizon, level, limit, country)
    result, _, answer = _made(asker, asked)
    found = [{"series": series["value"], **score} for series in result["series"] for score in series["scores"]]
    unit, currency = asked.metric.unit, asker.release.currency if asked.metric.unit == "money" else None
    columns = (
        *_dimension_column(asker, asked),
        AnswerColumn("model", "Model", "dimension"),
        AnswerColumn("taken", "Taken", "plain"),
        AnswerColumn("mase", "MASE", "plain", unit="ratio", better="down"),
        AnswerColumn("mape", "MAPE", "plain", unit="percent", better="down"),
        AnswerColumn("smape", "sMAPE", "plain", unit="percent", better="down"),
        AnswerColumn("rmse", "RMSE", "plain", unit=unit, better="down", currency=currency),
        AnswerColumn("bias", "Bias", "plain", unit="percent"),
        AnswerColumn("coverage", f"Days in the {asked.level:g}% interval", "plain", unit="percent"),
    )
    names = {"model": "title", "taken": "chosen", asked.by: "series"}
    types = {"model": pa.string(), "taken": pa.bool_(), asked.by: pa.string()}
    table = pa.table(
        {
            column.name: pa.array(
                [row[names.get(column.name, column.name)] for row in found], types.get(column.name, pa.float64())
            )
            for column in columns
        }
    )
    sentences = [sentence(series["reason"]) for series in result["series"] if series["reason"] and not asked.by]
    return dataclasses.replace(
        answer, table=table, columns=columns, totals=None, row_count=table.num_rows, sentences=sentences
    )


def record(
    asker: Asker, question: dict[str, Any], metric: str, by: str, horizon: int, level: float, limit: int, country: str
) -> Answer:
    """Forecasts that were made from earlier days against what came: made_from, day, the dimension, actual, forecast, lower, upper.

    Only days whose actual is known by now; forecasts of the same question, made from any release.
    """
    asked = _settled(asker, question, metric, by, horizon, level, limit, country)
    answer, values = _actual(asker, asked)
    kept = asker.release.forecasts.earlier(asked.digest(asker), asked.origin) if asker.release.forecasts else ()
    rows: dict[str, list[Any]] = {
        name: [] for name in ("made_from", "day", "series", "actual", "forecast", "lower", "upper")
    }
    for one in kept:
        for series in one.result["series"]:
            actual = values.get(series["value"])
            for at, point in enumerate(series["points"] or ()):
                day = one.origin + timedelta(days=at + 1)
                if actual is None or day > asked.origin or point is None:
                    continue
                found = (one.origin, day, series["value"], actual.get(day), float(point), float(series["lower"][at]))
                for name, value in zip(rows, (*found, float(series["upper"][at])), strict=True):
                    rows[name].append(value)
    unit, currency = asked.metric.unit, asker.release.currency if asked.metric.unit == "money" else None
    columns = (
        AnswerColumn("made_from", "Forecast from", "time"),
        AnswerColumn("day", "Day", "time"),
        *_dimension_column(asker, asked),
        *(
            AnswerColumn(name, title, "metric", asked.metric.name, unit, asked.metric.better, currency)
            for name, title in (("actual", "Actual"), ("forecast", "Forecast"), ("lower", "Lower"), ("upper", "Upper"))
        ),
    )
    arrays = {
        "made_from": pa.array(rows["made_from"], pa.date32()),
        "day": pa.array(rows["day"], pa.date32()),
        asked.by: pa.array(rows["series"], pa.string()),
        **{name: _figures(asker, asked, rows[name]) for name in ("actual", "forecast", "lower", "upper")},
    }
    table = pa.table({column.name: arrays[column.name] for column in columns})
    return dataclasses.replace(
        answer,
        table=table,
        columns=columns,
        totals=None,
        row_count=table.num_rows,
        sentences=_record_in_words(asked, rows),
    )


_FIGURES = ("actual", "forecast", "lower", "upper", "tried")


def _settled(
    asker: Asker, question: dict[str, Any], metric: str, by: str, horizon: int, level: float, limit: int, country: str
) -> _Asked:
    """Names looked up, days settled. Raises QuestionError for a metric that does not sum over days."""
    found = asker.catalogue.metric(metric)
    check_sums(found, "forecast")
    view = {key: value for key, value in question.items() if key != "compare"}
    resolved = asker.resolve(ask_for(found.name, by=by or (), **view))
    origin = min(resolved.period.end, asker.release.span.end)
    named = country.upper() or known_country(main_country(asker, resolved.where))
    return _Asked(found, by, horizon, level, limit, named, origin, resolved.where)


Actuals = Mapping[str | None, Mapping[date, float | None]]


def _actual(asker: Asker, asked: _Asked) -> tuple[Answer, Actuals]:
    """The values of the whole and of its parts by day, from up to three years before the origin to the end of the data."""
    name, span = asked.metric.name, asker.release.span
    start = max(span.start, asked.origin - timedelta(days=LONGEST - 1))
    days: dict[str, Any] = {"start": start, "end": span.end, "where": asked.where}
    answer = asker.query(name, grain="day", **days)
    whole = {day: _float(value) for day, value in zip(*_columns(answer, "day", name), strict=True)}
    values: dict[str | None, Mapping[date, float | None]] = {WHOLE: whole}
    if asked.by:
        largest = asker.query(
            name, by=asked.by, start=start, end=asked.origin, where=asked.where, sort=f"-{name}", limit=asked.limit
        )
        parts = asker.query(name, by=asked.by, grain="day", **days)
        kept = set(largest.table[asked.by].to_pylist())
        by_value: dict[str | None, dict[date, float | None]] = {
            value: {} for value in largest.table[asked.by].to_pylist()
        }
        rest: dict[date, float | None] = {}
        for day, value, figure in zip(*_columns(parts, "day", asked.by, name), strict=True):
            number = _float(figure)
            if value in kept:
                by_value[value][day] = number
            elif number is not None:
                rest[day] = (rest.get(day) or 0.0) + number
        values |= by_value
        if rest:
            values[OTHERS] = rest
    return answer, values


def _columns(answer: Answer, *names: str) -> list[list[Any]]:
    return [answer.table[name].to_pylist() for name in names]


def _float(value: Any) -> float | None:
    return None if value is None else float(value)


class _Turn:
    """A lock that can be forgotten when nobody holds it."""

    def __init__(self) -> None:
        self.lock = threading.Lock()


def _made(asker: Asker, asked: _Asked) -> tuple[dict[str, Any], Actuals, Answer]:
    """The forecast of a question: the one that was kept with the release, or a new one, which is kept if it may be.

    Whoever asks the same while it is being made waits for it: a page asks for the days ahead and for the models at once.
    """
    answer, values = _actual(asker, asked)
    shelf, release, digest = asker.release.forecasts, asker.release.number, asked.digest(asker)
    if shelf is None or asked.names_persons(asker):
        return _computed(asker, asked, values), values, answer
    with _LOCK:
        mine = _MAKING.setdefault((id(shelf.database), release, digest, asked.origin), _Turn())
    with mine.lock:
        result = shelf.of(release, digest, asked.origin, VERSION)
        if result is None:
            result = _computed(asker, asked, values)
            last = asked.origin + timedelta(days=asked.horizon)
            shelf.keep(release, digest, asked.metric.name, asked.origin, last, VERSION, result)
    return result, values, answer


_LOCK = threading.Lock()
_MAKING: WeakValueDictionary[tuple[int, int, str, date], _Turn] = WeakValueDictionary()
"""Who is making which forecast in this process; an entry goes when nobody holds it."""


def _computed(asker: Asker, asked: _Asked, values: Actuals) -> dict[str, Any]:
    from tillsight.forecasting.forecast import forecast as look_ahead

    panel = _panel(asker, asked, values)
    found = look_ahead(panel, asked.horizon)
    share = asked.level / 100
    points, lower, upper = _agreeing(asked, found, share)
    total, total_lower, total_upper = found.of_sum(share)
    moved = points.sum(axis=1) - total
    tried, tried_lower, tried_upper = found.tried(share)
    origins = found.trial.origins if found.trial else ()
    scores = found.scores(share)
    first = found.panel.start
    result: dict[str, Any] = {
        "windows": len(origins),
        "window_days": found.trial.horizon if found.trial else 0,
        "series": [],
    }
    for row, value in enumerate(values):
        known = found.reasons[row] is None
        result["series"].append(
            {
                "value": value,
                "reason": found.reasons[row],
                "model": found.chosen[row],
                "title": _title(found.chosen[row]),
                "points": _plain(points[row]) if known else None,
                "lower": _plain(lower[row]) if known else None,
                "upper": _plain(upper[row]) if known else None,
                "total": _plain([points[row].sum(), max(total_lower[row] + moved[row], lower[row].sum()),
                                 min(total_upper[row] + moved[row], upper[row].sum())]) if known else None,
                "tried": [
                    {
                        "from": (first + timedelta(days=origin)).isoformat(),
                        "points": _plain(tried[row, window]),
                        "lower": _plain(tried_lower[row, window]),
                        "upper": _plain(tried_upper[row, window]),
                    }
                    for window, origin in enumerate(origins)
                ] if known else [],
                "scores": [
                    {key: part for key, part in score.items() if key != "series"}
                    for score in scores
                    if score["series"] == row
                ],
            }
        )  # fmt: skip
    return result


def _panel(asker: Asker, asked: _Asked, values: Actuals) -> Panel:
    """The series up to the origin with what the calendar and the promotions say, the whole in the first row."""
    from tillsight.forecasting import calendar
    from tillsight.forecasting.panel import Panel

    days = sorted(day for day in values[WHOLE] if day <= asked.origin)
    start = days[0] if days else asked.origin
    count = (asked.origin - start).days + 1
    table = np.full((len(values), count), np.nan)
    unknown = any(
        asker.catalogue.measures[part.measure].unknown_when_empty
        for part in asked.metric.parts
        if part.measure in asker.catalogue.measures
    )
    for row, of_series in enumerate(values.values()):
        known = {day: value for day, value in of_series.items() if value is not None and day <= asked.origin}
        at = np.array([(day - start).days for day in known], dtype=int)
        inside = at >= 0
        numbers = np.array(list(known.values()))[inside]
        at = at[inside]
        sold = at[numbers != 0]
        if len(sold) and not unknown:
            table[row, sold.min() :] = 0.0
        table[row, at[at >= (sold.min() if len(sold) else 0)]] = numbers[at >= (sold.min() if len(sold) else 0)]
    ahead = count + asked.horizon
    own_events = known_ahead.events(asker, start, ahead)
    shared = dict(calendar.features(start, ahead, asked.country, own_events))
    promotions, own = known_ahead.features(asker, asked.where, asked.by, tuple(values), start, asked.origin, ahead)
    not_negative = bool(np.nanmin(table, initial=0.0) >= 0)
    return Panel(
        table,
        start,
        shared=shared | promotions,
        own=own,
        codes=calendar.CODES,
        seasons=(7, 364),
        not_negative=not_negative,
    )


def _agreeing(asked: _Asked, found: Forecasts, level: float) -> tuple[Floats, Floats, Floats]:
    """Points and intervals; where parts must sum to the whole, moved so that they do."""
    from tillsight.forecasting.hierarchy import reconcile, total_over_parts

    points, (lower, upper) = found.points, found.interval(level)
    if not asked.by or asked.metric.total != "additive" or found.errors is None or found.reasons[0] is not None:
        return points, lower, upper
    # a part that is too young for a forecast counts as it sold in its last four weeks, so that the whole is not given to others
    young = np.array([reason is not None for reason in found.reasons])
    base = points.copy()
    recent = found.panel.values[:, -28:]
    known = np.isfinite(recent)
    usual = np.where(known, recent, 0.0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    base[young] = usual[young, None]
    errors = found.errors.plain.reshape(len(points), -1)
    errors = np.where(young[:, None], np.maximum(usual, 1e-9)[:, None], errors)
    made = reconcile(base, total_over_parts(len(points) - 1), errors, not_negative=found.panel.not_negative)
    moved = np.where(young[:, None], np.nan, made)
    low, high = lower + (moved - points), upper + (moved - points)
    if found.panel.not_negative:
        low, high = np.maximum(low, 0.0), np.maximum(high, 0.0)
    return moved, low, high


def _title(name: str | None) -> str | None:
    from tillsight.forecasting.models import title_of

    return None if name is None else title_of(name)


def _plain(values: Any) -> list[float | None]:
    return [float(f"{value:.10g}") if np.isfinite(value) else None for value in values]


def _scenario(series: Mapping[str, Any], scenario: str) -> list[float | None]:
    """The path of a scenario: the expected one, moved towards an end of the interval of each day, by one share for all days, until
    its sum is that end of the interval of the sum."""
    points = [float(point) for point in series["points"]]
    if scenario == "expected":
        return list(points)
    ends = [float(end) for end in series["upper" if scenario == "best" else "lower"]]
    total = float(series["total"][2 if scenario == "best" else 1])
    reach = sum(ends) - sum(points)
    share = min(max((total - sum(points)) / reach, 0.0), 1.0) if reach else 0.0
    return [point + share * (end - point) for point, end in zip(points, ends, strict=True)]


def _add_rows(
    rows: dict[str, list[Any]],
    series: Mapping[str, Any],
    values: Actuals,
    asked: _Asked,
    scenario: str,
    shown_from: date,
) -> None:
    actual = values.get(series["value"], {})
    begun = min((day for day, value in actual.items() if value), default=None)
    tried = {
        date.fromisoformat(window["from"]) + timedelta(days=at): point
        for window in series["tried"]
        for at, point in enumerate(window["points"])
    }
    ahead = _scenario(series, scenario) if series["points"] else []
    for offset in range((asked.origin - shown_from).days + 1 + asked.horizon):
        day = shown_from + timedelta(days=offset)
        at = (day - asked.origin).days - 1
        found = actual.get(day)
        if found is None and begun is not None and begun <= day <= max(actual) and day in values[WHOLE]:
            found = 0.0
        future = at >= 0 and bool(ahead)
        figures = (
            found,
            ahead[at] if future else None,
            series["lower"][at] if future else None,
            series["upper"][at] if future else None,
            tried.get(day),
        )
        if found is None and not future:
            continue
        for name, value in zip(rows, (day, series["value"], *figures, series["title"]), strict=True):
            rows[name].append(value)


def _dimension_column(asker: Asker, asked: _Asked) -> tuple[AnswerColumn, ...]:
    if not asked.by:
        return ()
    return (AnswerColumn(asked.by, asker.catalogue.dimensions[asked.by].title, "dimension"),)


def _figures(asker: Asker, asked: _Asked, values: Sequence[Any]) -> pa.Array:
    """Figures as the metric has them: money as decimals in its places, everything else as numbers."""
    numbers = pa.array([None if value is None else float(value) for value in values], pa.float64())
    if asked.metric.unit != "money":
        return numbers
    places = minor_units(asker.release.currency)
    rounded = [None if value is None else f"{value:.{places}f}" for value in numbers.to_pylist()]
    return pa.array(rounded, pa.string()).cast(pa.decimal128(38, places))


def _table(asker: Asker, asked: _Asked, rows: Mapping[str, list[Any]]) -> tuple[tuple[AnswerColumn, ...], pa.Table]:
    unit, currency = asked.metric.unit, asker.release.currency if asked.metric.unit == "money" else None
    titles = {
        "actual": asked.metric.title, "forecast": "Forecast", "lower": f"Lower end, {asked.level:g}%",
        "upper": f"Upper end, {asked.level:g}%", "tried": "Forecast in the backtest",
    }  # fmt: skip
    columns = (
        AnswerColumn("day", "Day", "time"),
        *_dimension_column(asker, asked),
        *(
            AnswerColumn(name, titles[name], "metric", asked.metric.name, unit, asked.metric.better, currency)
            for name in _FIGURES
        ),
        AnswerColumn("model", "Model", "plain"),
    )
    arrays: dict[str, pa.Array] = {
        "day": pa.array(rows["day"], pa.date32()),
        "model": pa.array(rows["model"], pa.string()),
    }
    arrays[asked.by] = pa.array(rows["series"], pa.string())
    arrays |= {name: _figures(asker, asked, rows[name]) for name in _FIGURES}
    return columns, pa.table({column.name: arrays[column.name] for column in columns})


def _totals(result: Mapping[str, Any], scenario: str) -> dict[str, float]:
    whole = result["series"][0]
    if whole["total"] is None:
        return {}
    expected, lower, upper = (float(value) for value in whole["total"])
    return {"forecast": {"expected": expected, "best": upper, "worst": lower}[scenario], "lower": lower, "upper": upper}


def _in_words(
    asker: Asker, asked: _Asked, result: Mapping[str, Any], values: Actuals, scenario: str
) -> list[dict[str, Any]]:
    whole, release = result["series"][0], asker.release

    def figure(value: float) -> str:
        if asked.metric.unit == "money":
            return words.amount(value, release.currency, release.locale)
        return words.number(value, release.locale)

    if whole["total"] is None:
        return [sentence(f"There is no forecast of {asked.metric.title.lower()}: {whole['reason']}")]
    expected, lower, upper = (float(value) for value in whole["total"])
    first, last = asked.origin + timedelta(days=1), asked.origin + timedelta(days=asked.horizon)
    text = (
        f"{asked.metric.title} from {words.day(first)} to {words.day(last)}: about {figure(expected)}, and with {asked.level:g}% "
        f"certainty between {figure(lower)} and {figure(upper)}."
    )
    sentences = [sentence(text, metric=asked.metric.name)]
    if scenario != "expected":
        shown = upper if scenario == "best" else lower
        sentences.append(
            sentence(f"{SCENARIOS[scenario]}: {figure(shown)}, the end of that interval spread over its days.")
        )
    sentences += _against_last_year(asked, values, expected, first)
    sentences += _of_model(result, whole, asked)
    sentences += _holidays_ahead(asked, first, last)
    silent = [series["value"] for series in result["series"][1:] if series["reason"]]
    if silent:
        named = ", ".join(str(value) if value is not None else "(not set)" for value in silent[:5])
        sentences.append(sentence(f"No forecast, because there is too little history: {named}."))
    return sentences


def _against_last_year(asked: _Asked, values: Actuals, expected: float, first: date) -> list[dict[str, Any]]:
    """Against the same weekdays 52 weeks before, where all of them are known."""
    before = [values[WHOLE].get(first + timedelta(days=at - 364)) for at in range(asked.horizon)]
    if any(value is None for value in before):
        return []
    total = sum(value for value in before if value is not None)
    if total <= 0:
        return []
    rate = (expected / total - 1) * 100
    better = {"up": rate > 0, "down": rate < 0}.get(asked.metric.better)
    tone = "neutral" if better is None else "good" if better else "bad"
    text = f"That is {words.percent(rate, signed=True)} against the same weekdays a year before."
    return [sentence(text, tone, asked.metric.name)]


def _of_model(result: Mapping[str, Any], whole: Mapping[str, Any], asked: _Asked) -> list[dict[str, Any]]:
    scores = {score["model"]: score for score in whole["scores"]}
    mine, naive = scores.get(whole["model"]), scores.get("seasonal_naive")
    if mine is None:
        return []
    times = "once" if result["windows"] == 1 else f"{result['windows']} times"
    text = f"{whole['title']}, tried {times} on {result['window_days']} days of the past"
    if mine["mape"] is not None:
        text += f", was {words.percent(float(mine['mape']))} off on a day"
    if naive and naive["mase"] and mine["mase"] is not None:
        gain = (1 - float(mine["mase"]) / float(naive["mase"])) * 100
        compared = f"{words.percent(abs(gain))} {'less' if gain >= 0 else 'more'} than repeating the last week"
        text += f" ({compared})" if mine["mape"] is not None else f", was {compared} off"
    if mine["coverage"] is not None:
        text += f"; its {asked.level:g}% interval held {words.percent(float(mine['coverage']))} of the days"
    return [sentence(text + ".")]


def _holidays_ahead(asked: _Asked, first: date, last: date) -> list[dict[str, Any]]:
    from tillsight.forecasting import calendar

    years = range(first.year, last.year + 1)
    named: dict[date, str] = {}
    for year in years:
        named |= calendar.shopping_days(year)
    if asked.country:
        named |= calendar.public_holidays(asked.country, years)
    # a weekend has one name on two days
    begins = {day: name for day, name in named.items() if named.get(day - timedelta(days=1)) != name}
    ahead = [f"{name} ({words.day(day)})" for day, name in sorted(begins.items()) if first <= day <= last]
    if not ahead:
        return []
    more = f" and {len(ahead) - 6} more" if len(ahead) > 6 else ""
    return [sentence(f"Days that the calendar expects to differ: {', '.join(ahead[:6])}{more}.")]


def _record_in_words(asked: _Asked, rows: Mapping[str, list[Any]]) -> list[dict[str, Any]]:
    whole = [at for at, value in enumerate(rows["series"]) if value == WHOLE and rows["actual"][at] is not None]
    if not whole:
        return [
            sentence("No day of an earlier forecast has come yet. Every forecast that is asked for is kept for this.")
        ]
    actual, made, low, high = (
        np.array([rows[name][at] for at in whole]) for name in ("actual", "forecast", "lower", "upper")
    )
    size = np.abs(actual).sum()
    off = float(100 * np.abs(made - actual).sum() / size) if size else 0.0
    held = float(100 * ((actual >= low) & (actual <= high)).mean())
    origins = len({rows["made_from"][at] for at in whole})
    forecasts = "One earlier forecast" if origins == 1 else f"{origins} earlier forecasts"
    verb = "was" if origins == 1 else "were"
    text = (
        f"{forecasts} {verb} off by {words.percent(off)} of what came, over {len(whole)} days; the {asked.level:g}% interval held "
        f"{words.percent(held)} of them."
    )
    return [sentence(text, metric=asked.metric.name)]


ANALYSES = (
    Analysis(
        "sales.forecast",
        "Sales forecast",
        "sales",
        "A measure of sales for the days ahead, with an interval, in three scenarios; the model is chosen by a backtest.",
        forecast,
        (
            *ASKED,
            Parameter(
                "scenario", "text", "expected", "Expected, or the best or worst case that the interval of the sum allows.",
                choices=tuple(SCENARIOS),
            ),
            Parameter("history", "integer", 90, "How many days before to show.", minimum=7, maximum=1095),
        ),
    ),
    Analysis(
        "sales.forecast_models",
        "Models of the forecast",
        "sales",
        "The models that were tried on the past, their errors, and which was taken.",
        models,
        ASKED,
    ),
    Analysis(
        "sales.forecast_record",
        "Forecast against actual",
        "sales",
        "Forecasts that were made earlier, against what came.",
        record,
        ASKED,
    ),
)  # fmt: skip
