"""Asking: metrics, query, explain, analyse."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from tillsight.cli.answers import chosen_format, days, write_answer, write_export
from tillsight.cli.options import (
    AnswerFormatOption,
    AsOfOption,
    CompareOption,
    FromOption,
    ListFormatOption,
    OutputOption,
    PeriodOption,
    ToOption,
    WhereOption,
    WorkspaceOption,
    open_shop,
)
from tillsight.cli.output import Heading, in_words, print_json, print_list, print_pairs, print_table, say
from tillsight.core.errors import QuestionError

if TYPE_CHECKING:
    from tillsight.metrics.explain import Explanation

metrics_app = typer.Typer(invoke_without_command=True)


@metrics_app.callback()
def metrics(
    context: typer.Context,
    domain: Annotated[
        str | None, typer.Option("--domain", metavar="NAME", help="Only those of one domain.", show_default=False)
    ] = None,
    how: ListFormatOption = "table",
) -> None:
    """List the metrics, or show one.

    For example: tillsight metrics --domain sales; tillsight metrics show revenue
    """
    if context.invoked_subcommand is not None:
        return
    from tillsight.domains.registry import catalogue

    rows = [_describe(name) for name in catalogue().metrics]
    domains = sorted({row["domain"] for row in rows})
    if domain is not None and domain not in domains:
        raise QuestionError(
            f"There is no domain {domain!r} with metrics. Choose one of: {', '.join(domains)}.",
            field="domain",
            value=domain,
        )
    headings = (
        Heading("name", "Name"),
        Heading("unit", "Unit"),
        Heading("title", "Title"),
        Heading("formula", "Formula"),
    )
    print_list(headings, [row for row in rows if domain in (None, row["domain"])], how)


@metrics_app.command("show")
def show_metric(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A metric by name.")],
    how: ListFormatOption = "table",
) -> None:
    """Tell all about one metric: its meaning, its formula, and what it can be cut by."""
    metric = _describe(name)
    if how == "json":
        print_json(metric)
    else:
        print_pairs({key.capitalize(): value for key, value in metric.items() if key != "source"})


def _describe(name: str) -> dict[str, Any]:
    from tillsight.domains.registry import catalogue
    from tillsight.metrics.explain import describe

    metric = catalogue().metric(name)
    return {
        **describe(metric),
        "description": metric.description,
        "dimensions": catalogue().dimensions_of(metric),
        "relations": [relation.name for relation in catalogue().relations_of(metric)],
    }


def query(
    context: typer.Context,
    metrics: Annotated[str, typer.Argument(metavar="METRIC,…", help="Metrics by name; see tillsight metrics.")],
    by: Annotated[
        str, typer.Option("--by", metavar="DIMENSION,…", help="Break down by these dimensions.", show_default=False)
    ] = "",
    grain: Annotated[
        str | None,
        typer.Option(
            "--grain",
            metavar="GRAIN",
            help="A row for each day, week, month, quarter, year, fiscal_week, fiscal_period, …",
            show_default=False,
        ),
    ] = None,
    start: FromOption = None,
    end: ToOption = None,
    period: PeriodOption = None,
    where: WhereOption = None,
    compare: CompareOption = None,
    sort: Annotated[
        str,
        typer.Option(
            "--sort", metavar="COLUMN,…", help="Sort by columns; -revenue is high to low.", show_default=False
        ),
    ] = "",
    limit: Annotated[
        int | None, typer.Option("--limit", min=1, metavar="N", help="Only the first N groups.", show_default=False)
    ] = None,
    others: Annotated[bool, typer.Option("--others", help="With --limit: the rest as one row.")] = False,
    as_of: AsOfOption = None,
    how: AnswerFormatOption = None,
    output: OutputOption = None,
    folder: WorkspaceOption = None,
) -> None:
    """Ask for metrics, cut by dimensions, over days.

    For example: tillsight query revenue,orders --by country --grain month --from 2011-01-01 --limit 5 --others
    """
    from tillsight.metrics.question import ask_for

    how = chosen_format(how, output)
    shop = open_shop(context, folder)
    question = ask_for(metrics, by, grain, start, end, period, where or (), compare, sort, limit, others=others)
    if how == "table" or how == "json":  # noqa: PLR1714 (tells the type checker which formats are left)
        write_answer(shop.ask(question, as_of=as_of), how, output)
    else:
        with shop.export(question, as_of=as_of) as export:
            write_export(export, how, output)


def explain(
    context: typer.Context,
    metric: Annotated[str, typer.Argument(metavar="METRIC", help="A metric by name; see tillsight metrics.")],
    start: FromOption = None,
    end: ToOption = None,
    period: PeriodOption = None,
    where: WhereOption = None,
    compare: CompareOption = None,
    as_of: AsOfOption = None,
    how: ListFormatOption = "table",
    folder: WorkspaceOption = None,
) -> None:
    """Say how a number came about.

    Formula and steps, the SQL that ran, the sources with their freshness, and the checks that bear on it.
    """
    shop = open_shop(context, folder)
    explanation = shop.explain(
        metric, start=start, end=end, period=period, where=where or (), compare=compare, as_of=as_of
    )
    evidence = shop.evidence(explanation.answer)
    if how == "json":
        print_json({**explanation.to_dict(), **evidence})
    else:
        _print_explanation(explanation, evidence, shop.settings.zone)


def _print_explanation(explanation: Explanation, evidence: dict[str, Any], zone: ZoneInfo) -> None:
    from tillsight.metrics.answer import AnswerColumn, shown

    metric, answer = explanation.metric, explanation.answer

    def amount(value: Any, unit: str) -> str:
        currency = answer.currency if unit == "money" else None
        return f"{shown(value, AnswerColumn('', '', 'metric', unit=unit, currency=currency))}{f' {currency}' if currency else ''}"

    print(f"{metric.title}: {amount(explanation.value, metric.unit)}")
    if answer.period:
        print(days(answer.period))
    print()
    print_pairs(
        {
            "Formula": metric.formula,
            "Basis": metric.basis,
            "Arithmetic": explanation.arithmetic,
        }
    )
    print()
    parts = [(step["title"], amount(step["value"], step["unit"])) for step in explanation.steps]
    print_table(("Part", "Value"), parts, (False, True))
    print()
    sources = [
        (row["title"], row["table"], f"{row['rows']:,}", in_words(_clock(row["known_to"], zone)))
        for row in evidence["sources"]
    ]
    print_table(("Made from", "Table", "Rows", "Known to"), sources, (False, False, True, False))
    print()
    checks = [(check["state"], check["title"], check["text"]) for check in evidence["checks"]]
    print_table(("State", "Check", "Result"), checks, (False, False, False))
    print(f"\nRelease {evidence['release']['number']}, data to {evidence['freshness']['data_to']}")
    for sql in answer.queries:
        print(f"\n{sql}")
    for note in answer.notes:
        say(note["text"], style="yellow" if note["level"] == "warning" else "dim")


def _clock(moment: str | None, zone: ZoneInfo) -> datetime | None:
    return datetime.fromisoformat(moment).astimezone(zone) if moment else None


def analyse(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="An analysis by name, such as sales.headline.")],
    param: Annotated[
        list[str] | None,
        typer.Option(
            "--param", metavar="KEY=VALUE", help="A parameter; may be given more than once.", show_default=False
        ),
    ] = None,
    start: FromOption = None,
    end: ToOption = None,
    period: PeriodOption = None,
    where: WhereOption = None,
    compare: CompareOption = None,
    as_of: AsOfOption = None,
    how: AnswerFormatOption = None,
    output: OutputOption = None,
    folder: WorkspaceOption = None,
) -> None:
    """Run a named analysis.

    An analysis is a question that needs more than a cut of metrics; what it says in sentences comes first. Its own parameters
    can be written as options too.

    For example: tillsight analyse customers.rfm --preset olist --format json
    """
    how = chosen_format(how, output)
    params: dict[str, Any] = {}
    for text in [*(param or []), *_as_params(context.args)]:
        key, sign, value = text.partition("=")
        if not sign or key.strip() in ("", "name", "scope", "as_of"):
            raise QuestionError(f"Write --param as KEY=VALUE, not {text!r}.", field="param", value=text)
        params[key.strip()] = value
    parts = {"start": start, "end": end, "period": period, "where": where or None, "compare": compare}
    answer = open_shop(context, folder).analyse(name, as_of=as_of, **{**parts, **params})
    write_answer(answer, how, output)


def _as_params(words: list[str]) -> list[str]:
    """Options that the command does not know, as KEY=VALUE: they are parameters of the analysis."""
    params, rest = [], list(words)
    while rest:
        word = rest.pop(0)
        key = word.removeprefix("--").replace("-", "_")
        if not word.startswith("--") or not key:
            raise QuestionError(f"Write parameters as --key value, not {word!r}.", field="param", value=word)
        if "=" in word:
            name, _, value = word.removeprefix("--").partition("=")
            params.append(f"{name.replace('-', '_')}={value}")
        elif not rest or rest[0].startswith("--"):
            raise QuestionError(f"{word} needs a value.", field="param", value=word)
        else:
            params.append(f"{key}={rest.pop(0)}")
    return params
