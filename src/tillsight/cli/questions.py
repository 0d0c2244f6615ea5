"""Asking: metrics, query, explain, analyse."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import typer

from tillsight.cli.answers import chosen_format, write_answer
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
from tillsight.cli.output import Heading, print_json, print_list, print_pairs
from tillsight.core.errors import QuestionError

PairFormatOption = Annotated[Literal["table", "json"], typer.Option("--format", help="How to print it.")]

metrics_app = typer.Typer(invoke_without_command=True)


@metrics_app.callback()
def metrics(
    context: typer.Context,
    domain: Annotated[
        str | None, typer.Option("--domain", metavar="NAME", help="Only those of one domain.", show_default=False)
    ] = None,
    how: ListFormatOption = "table",
    folder: WorkspaceOption = None,
) -> None:
    """List the metrics, or show one.

    For example: tillsight metrics --domain sales; tillsight metrics show revenue
    """
    if context.invoked_subcommand is not None:
        return
    rows = open_shop(context, folder).metrics()
    if domain is not None:
        domains = sorted({row["domain"] for row in rows})
        if domain not in domains:
            raise QuestionError(
                f"There is no domain {domain!r} with metrics. Choose one of: {', '.join(domains)}.",
                field="domain",
                value=domain,
            )
        rows = [row for row in rows if row["domain"] == domain]
    headings = [
        Heading("name", "Name"),
        Heading("domain", "Domain"),
        Heading("unit", "Unit"),
        Heading("title", "Title"),
    ]
    if how != "table":
        more = ("better", "total", "basis", "dimensions", "grains", "available", "missing")
        headings += [Heading(name, name) for name in more]
    print_list([*headings, Heading("formula", "Formula")], rows, how)


@metrics_app.command("show")
def show_metric(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="A metric by name.")],
    how: PairFormatOption = "table",
    folder: WorkspaceOption = None,
) -> None:
    """Tell all about one metric."""
    metric = open_shop(context, folder).metric(name)
    if how == "json":
        print_json(metric)
    else:
        print_pairs({key.replace("_", " ").capitalize(): value for key, value in metric.items()})


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
    how = chosen_format(how, output)
    shop = open_shop(context, folder)
    answer = shop.query(
        metrics,
        by=by,
        grain=grain,
        start=start,
        end=end,
        period=period,
        where=where or (),
        compare=compare,
        sort=sort,
        limit=limit,
        others=others,
        as_of=as_of,
    )
    write_answer(answer, how, output)


def explain(
    context: typer.Context,
    metric: Annotated[str, typer.Argument(metavar="METRIC", help="A metric by name; see tillsight metrics.")],
    start: FromOption = None,
    end: ToOption = None,
    period: PeriodOption = None,
    where: WhereOption = None,
    as_of: AsOfOption = None,
    how: PairFormatOption = "table",
    folder: WorkspaceOption = None,
) -> None:
    """Say how a number came about.

    Formula and steps, the SQL that ran, the sources with their freshness, and the checks that they passed.
    """
    shop = open_shop(context, folder)
    explanation = shop.explain(metric, start=start, end=end, period=period, where=where or (), as_of=as_of)
    if how == "json":
        print_json(explanation.to_dict())


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

    An analysis is a question that needs more than a cut of metrics; one with sentences prints them first.
    """
    how = chosen_format(how, output)
    params: dict[str, Any] = {}
    for text in param or []:
        key, sign, value = text.partition("=")
        if not sign or not key.strip():
            raise QuestionError(f"--param {text!r} must be written as KEY=VALUE.", field="param", value=text)
        params[key.strip()] = value
    answer = open_shop(context, folder).analyse(
        name, start=start, end=end, period=period, where=where or (), compare=compare, as_of=as_of, **params
    )
    write_answer(answer, how, output)
