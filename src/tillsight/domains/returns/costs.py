"""What returns cost: a statement line by line, and the same by reason, each figure with how much of it is known.

`returns.statement`       refunds, what was recovered, what was written off, shipping, processing, disposal, fees kept, and what of the
                          gross margin is left; with the share of the returns (of the units, for goods) whose figure is known
`returns.cost_by_reason`  the same amounts by reason, and the share of the goods' cost that was recovered

An amount that no source states is unknown and left empty, never zero; sums are over what is known. Refunds count on the day of the refund,
everything else on the day the return was asked for. By reason, refunds are those booked or stated for these returns.
Cost of returns = refunds − recovered value + shipping + processing + disposal − fees. Written off is the cost of the goods less what was
recovered, over units of which both are known; it is a part of the picture and not of the sum, as refunds hold the goods' price. The net
return loss (the metric of that name) is the sum so far after processing: a line of its own, so that the two figures are seen to agree.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tillsight.core import words
from tillsight.domains.returns.relations import COSTS
from tillsight.domains.returns.seeing import Titles, answer_of, fetched, rows_of, settled
from tillsight.metrics.answer import Answer, sentence
from tillsight.metrics.ask import Asker
from tillsight.metrics.model import Analysis

if TYPE_CHECKING:
    import ibis.expr.types as ir

HANDLING = (
    ("processing_cost", "Processing", 1), ("shipping_cost", "Return shipping", 1), ("disposal_cost", "Disposal", 1),
    ("restocking_fee", "Restocking fees kept", -1),
)  # fmt: skip


def _sums(rows: ir.Table) -> dict[str, ir.Value]:
    """Amounts of returned items, and of how many returns or units each is known."""
    both = rows.goods_cost.notnull() & rows.restocked_value.notnull()
    paid = rows.refund.notnull() | rows.stated_refund.notnull()
    due = rows.settled_at.notnull() & ~rows.is_exchange & (rows.return_status != "rejected")
    zero = rows.goods_cost * 0
    return {
        "returns": rows.return_key.nunique(),
        "units": rows.units.sum(),
        "refunds": rows.refund.sum(),
        "stated": rows.stated_refund.sum(),
        "known_refunds": rows.return_key.nunique(where=due & paid),
        "due": rows.return_key.nunique(where=due),
        "goods": rows.goods_cost.sum(),
        "known_goods": rows.units.sum(where=rows.goods_cost.notnull()),
        "recovered": rows.restocked_value.sum(),
        "known_recovered": rows.units.sum(where=rows.restocked_value.notnull()),
        "of_known": rows.goods_cost.sum(where=both),
        "written_off": (rows.goods_cost - rows.restocked_value).sum(where=both),
        "known_written_off": (rows.units + zero.fill_null(0)).sum(where=both),
        **{name: rows[name].sum() for name in COSTS},
        **{f"known_{name}": rows.return_key.nunique(where=rows[name].notnull()) for name in COSTS},
    }


def statement(asker: Asker, question: dict[str, Any]) -> Answer:
    """The statement. Columns: line, amount, share of revenue, known (percent of the returns or units whose figure is known), of what."""
    titles: Titles = {
        "line": ("Line", None), "amount": ("Amount", "money"), "share": ("Of revenue", "percent"),
        "known": ("Known", "percent"), "basis": ("Known of", None),
    }  # fmt: skip
    import pandas as pd

    question = {key: value for key, value in question.items() if key != "compare"}
    resolved = settled(asker, question)
    rows = rows_of(asker, "returned_items", resolved)
    found, sql = fetched(asker, rows.aggregate(**_sums(rows)))
    has = found.iloc[0].to_dict()
    sales = asker.query(
        ["return_value", "revenue", "gross_profit", "gross_margin_rate", "cost_coverage_rate"], **question
    )
    sold = {name: None if value is None else float(value) for name, value in sales.to_records()[0].items()}
    revenue = sold["revenue"]
    returns, units = float(has["returns"] or 0), float(has["units"] or 0)
    lines: list[dict[str, Any]] = []

    def add(
        line: str, amount: float | None, known: float | None, basis: str, share: float | None = None
    ) -> float | None:
        told = amount if amount is not None and np.isfinite(amount) else None
        part = share if share is not None else 100 * told / revenue if told is not None and revenue else None
        lines.append({"line": line, "amount": told, "share": part, "known": known, "basis": basis})
        return told

    def part(count: Any, of: float) -> float | None:
        return 100 * float(count) / of if of and count is not None and np.isfinite(float(count)) else None

    refunds = add(
        "Refunds", sold["return_value"], part(has["known_refunds"], float(has["due"] or 0)), "settled returns"
    )
    if _is(has["stated"]) and float(has["stated"]) > 0:
        add("of them stated and not booked", has["stated"], None, "")
    recovered = add(
        "Recovered value",
        -has["recovered"] if _is(has["recovered"]) else None,
        part(has["known_recovered"], units),
        "units",
    )
    total = (refunds or 0.0) + (recovered or 0.0)
    anything = refunds is not None or any(_is(has[name]) for name in ("recovered", *COSTS))
    for name, title, sign in HANDLING:
        amount = sign * float(has[name]) + 0.0 if _is(has[name]) else None
        total += add(title, amount, part(has[f"known_{name}"], returns), "returns") or 0.0
        if name == "processing_cost":
            add("Net return loss", total if anything else None, None, "known figures")
    cost = add("Cost of returns", total if anything else None, None, "known figures")
    add("Cost of the goods that came back", has["goods"], part(has["known_goods"], units), "units")
    add("Written off", has["written_off"], part(has["known_written_off"], units), "units")
    profit, covered = sold["gross_profit"], sold["cost_coverage_rate"]
    before = add("Gross profit before returns", profit, covered, "revenue", sold["gross_margin_rate"])
    if before is not None and cost is not None and revenue and covered:
        # margins are of the revenue whose cost is known: refunds are taken from it in the same share
        kept = (revenue - (refunds or 0.0)) * covered / 100
        left = before - cost * covered / 100
        add("Gross profit after returns", left, covered, "revenue", 100 * left / kept if kept > 0 else None)
    frame = pd.DataFrame(lines)
    said, queries = _statement_in_words(asker, lines, returns), [sql, *sales.queries]
    return answer_of(asker, resolved, frame, titles, said, sources=("returned_items", "sales"), queries=queries)


def _is(value: Any) -> bool:
    return value is not None and bool(np.isfinite(float(value)))


def _statement_in_words(asker: Asker, lines: list[dict[str, Any]], returns: float) -> list[dict[str, Any]]:
    by_name = {row["line"]: row for row in lines}
    cost = by_name["Cost of returns"]
    currency, locale = asker.release.currency, asker.release.locale
    if not returns or cost["amount"] is None:
        return [sentence("Nothing came back in this period, or nothing of what it costs is known.")]
    text = f"Returns cost {words.amount(round(cost['amount'], 2), currency, locale)}"
    if cost["share"] is not None:
        text += f", {cost['share']:.1f}% of revenue"
    said = [sentence(f"{text}.", metric="return_cost_rate")]
    before, after = (by_name.get(f"Gross profit {when} returns", {}).get("share") for when in ("before", "after"))
    if before is not None and after is not None:
        said.append(
            sentence(
                f"They take the gross margin from {before:.1f}% to {after:.1f}%.",
                "bad" if after < before else "neutral",
            )
        )
    gaps = [
        row["line"].lower()
        for row in lines
        if row["known"] is not None and row["known"] < 90 and row["basis"] in ("returns", "units")
    ]
    if gaps:
        said.append(sentence(f"Not known for all returns: {', '.join(gaps)}; the true figure differs."))
    return said


def by_reason(asker: Asker, question: dict[str, Any]) -> Answer:
    """Reasons, the dearest first. Columns: group, reason, returns, units, refunds, recovered, handling, cost, each (cost of a unit),
    recovery (recovered of the goods' cost, percent), known (share of the units whose recovered value is known)."""
    titles: Titles = {
        "group": ("Reason group", None), "reason": ("Reason", None), "returns": ("Returns", "count"), "units": ("Units", "units"),
        "refunds": ("Refunds", "money"), "recovered": ("Recovered", "money"), "handling": ("Handling", "money"), "cost": ("Cost", "money"),
        "each": ("Cost of a unit", "money"), "written_off": ("Written off", "money"), "recovery": ("Recovery rate", "percent"),
        "known": ("Recovered known of", "percent"),
    }  # fmt: skip
    resolved = settled(asker, question)
    rows = rows_of(asker, "returned_items", resolved)
    table = rows.group_by(group=rows.return_reason_group, reason=rows.return_reason).agg(**_sums(rows))
    frame, sql = fetched(asker, table.filter(table.units > 0))
    amounts = [*COSTS, "refunds", "stated", "recovered", "of_known", "written_off"]
    frame[amounts] = frame[amounts].astype(float)
    frame["refunds"] = frame[["refunds", "stated"]].sum(axis=1, min_count=1)
    signs = {name: sign for name, _, sign in HANDLING}
    frame["handling"] = (frame[list(signs)] * list(signs.values())).sum(axis=1, min_count=1)
    pieces = frame[["refunds", "handling"]].assign(recovered=-frame.recovered)
    frame["cost"] = pieces.sum(axis=1, min_count=1)
    frame["each"] = frame.cost / frame.units
    recovered_of_known = frame.of_known - frame.written_off
    frame["recovery"] = 100 * recovered_of_known / frame.of_known.where(frame.of_known > 0)
    frame["known"] = 100 * frame.known_recovered / frame.units
    frame["reason"] = frame.reason.fillna("No reason")
    frame = frame.sort_values(["cost", "units", "reason"], ascending=[False, False, True], na_position="last")
    said = []
    if len(frame) and _is(frame.iloc[0].cost):
        first, whole = frame.iloc[0], float(frame.cost.sum())
        amount = words.amount(round(float(first.cost), 2), asker.release.currency, asker.release.locale)
        said.append(
            sentence(
                f"The dearest reason is {str(first.reason).lower()}: {amount}, {100 * float(first.cost) / whole:.0f}% of the cost.",
                "bad",
            )
        )
    return answer_of(asker, resolved, frame, titles, said, queries=[sql])


ANALYSES = (
    Analysis(
        "returns.statement",
        "Statement of returns",
        "returns",
        "What returns cost line by line, how much of each figure is known, and what they do to the gross margin.",
        statement,
    ),
    Analysis(
        "returns.cost_by_reason",
        "Cost by reason",
        "returns",
        "What each reason costs: refunds, handling, what was recovered and what was written off.",
        by_reason,
    ),
)
