"""Dashboards say what they are, refuse what they cannot be, and name only things that the catalogue has."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from tests.support.shops import line, make_shop, order

from tillsight.dashboards import Dashboard, Panel, load
from tillsight.dashboards.declaration import (
    AnalysisPanel,
    CumulativePanel,
    DashboardError,
    FoundPanel,
    KpiPanel,
    RankPanel,
    SeriesPanel,
    TablePanel,
    parse,
)
from tillsight.domains.registry import catalogue
from tillsight.metrics.question import Question
from tillsight.shop import Shop

DASHBOARDS = load()
PANELS = [pytest.param(panel, id=f"{board.name}.{panel.id}") for board in DASHBOARDS.values() for panel in board.panels]


def declared(panel: str, more: str = "") -> str:
    return f"name: one\ntitle: One\ndomain: sales\npath: /one\npurpose: For a test.\n{more}panels:\n  - {panel}\n"


def test_every_page_has_its_own_path_and_one_line_on_what_it_is_for() -> None:
    assert {"overview", "sales", "sales_trends", "sales_products", "sales_channels", "customers"} <= set(DASHBOARDS)
    paths = [board.path for board in DASHBOARDS.values()]
    assert len(set(paths)) == len(paths)
    assert all(board.purpose.endswith(".") and "\n" not in board.purpose for board in DASHBOARDS.values())


@pytest.mark.parametrize("panel", PANELS)
def test_a_panel_names_only_what_the_catalogue_has_and_allows(panel: Panel) -> None:
    known = catalogue()
    dimensions = [name for sort, name in panel.names() if sort == "dimension"]
    for sort, name in panel.names():
        if sort == "analysis":
            known.analysis(name)
        elif sort == "metric":
            metric = known.metric(name)
            assert set(dimensions) <= set(known.dimensions_of(metric)), f"{name} cannot be cut by {dimensions}"
            assert set(metric.requires) <= set(dimensions)
            if isinstance(panel, KpiPanel) and panel.sparkline:
                assert {"day", "week", "month"} <= set(metric.grains), f"{name} has no course to draw"
            if isinstance(panel, CumulativePanel):
                assert metric.total == "additive", f"{name} does not add up over time"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    return make_shop(
        tmp_path_factory.mktemp("shop"),
        {
            "orders": [
                order("1", "2011-01-03T10:00:00", channel="web", country="France", customer_id="a"),
                order("2", "2011-02-04T11:00:00", channel="retail", country="Spain", customer_id="b"),
            ],
            "order_items": [line("1", "1", "lamp", 2, "10"), line("2", "1", "cup", 1, "5")],
        },
    )


def question_of(panel: Panel) -> Question | None:
    if isinstance(panel, AnalysisPanel | FoundPanel):
        return None
    ranked = isinstance(panel, RankPanel | SeriesPanel) and bool(panel.by)
    timed = isinstance(panel, SeriesPanel) and panel.grain is not None
    return Question(
        metrics=panel.metrics,
        by=getattr(panel, "by", ()),
        grain="week"
        if timed or (isinstance(panel, KpiPanel | CumulativePanel) and getattr(panel, "sparkline", True))
        else None,
        start=date(2011, 1, 1),
        end=date(2011, 2, 28),
        compare="previous",
        sort=panel.sort if isinstance(panel, TablePanel) else (f"-{panel.metrics[0]}",) if ranked else (),
        limit=panel.limit if isinstance(panel, TablePanel | RankPanel) or ranked else None,
        others=ranked,
    )


@pytest.mark.parametrize("panel", PANELS)
def test_the_question_of_a_panel_is_one_that_can_be_answered(panel: Panel, shop: Shop) -> None:
    question = question_of(panel)
    if question is not None:
        assert shop.asker().resolve(question).metrics == question.metrics


@pytest.mark.parametrize(
    "name", sorted({panel.values[0].analysis for panel in PANELS if isinstance(panel.values[0], AnalysisPanel)})
)
def test_an_analysis_tells_in_sentences(name: str, shop: Shop) -> None:
    answer = shop.analyse(name, start="2011-01-01", end="2011-02-28")
    assert answer.sentences
    assert all(sentence["text"] for sentence in answer.sentences)


def test_the_bridge_sums_to_its_totals(shop: Shop) -> None:
    bridge = next(panel for panel in DASHBOARDS["sales"].panels if panel.kind == "bridge")
    row = shop.query(bridge.metrics, start="2011-01-01", end="2011-02-28").to_records()[0]
    level = 0
    for name in bridge.metrics:
        if name in bridge.totals:
            assert not level or row[name] == level
            level = row[name]
        else:
            level += -row[name] if name in bridge.minus else row[name]


@pytest.mark.parametrize(
    ("panel", "message"),
    [
        ("{id: a, kind: kpi, title: A}", "metrics"),
        ("{id: a, kind: kpi, title: A, metrics: [revenue], span: 13}", "span"),
        ("{id: a, kind: pie, title: A, metrics: [revenue]}", "pie"),
        ("{id: a, kind: line, title: A, metrics: [revenue], grain: null}", "needs a dimension"),
        ("{id: a, kind: line, title: A, metrics: [revenue, orders], by: [channel]}", "series by a dimension"),
        ("{id: a, kind: rank, title: A, metrics: [revenue], by: [country], colour: red}", "colour"),
        ("{id: a, kind: table, title: A, metrics: [revenue], by: [country], bars: [orders]}", "orders"),
        ("{id: a, kind: bridge, title: A, metrics: [a, b, c], totals: [b]}", "first step"),
        ("{id: a, kind: bridge, title: A, metrics: [a, b, c], totals: [a], minus: [d]}", "no step"),
    ],
)
def test_a_wrong_declaration_is_refused_with_its_file_and_place(panel: str, message: str) -> None:
    with pytest.raises(DashboardError, match=r"mine\.yaml") as raised:
        parse(declared(panel), "mine.yaml")
    assert message in raised.value.message


def test_two_panels_need_two_names() -> None:
    twice = declared("{id: a, kind: kpi, title: A, metrics: [revenue]}") + (
        "  - {id: a, kind: kpi, title: B, metrics: [orders]}\n"
    )
    with pytest.raises(DashboardError, match="same id: a"):
        parse(twice, "mine.yaml")


def test_what_is_not_yaml_is_refused() -> None:
    with pytest.raises(DashboardError, match="not valid YAML"):
        parse("name: [", "mine.yaml")


def test_a_declaration_comes_back_as_it_went() -> None:
    for board in DASHBOARDS.values():
        assert Dashboard.model_validate(board.model_dump()) == board


def test_every_file_is_loaded() -> None:
    folder = Path(__file__).parents[2] / "src" / "tillsight" / "dashboards" / "declared"
    assert len(list(folder.glob("*.yaml"))) == len(DASHBOARDS)
