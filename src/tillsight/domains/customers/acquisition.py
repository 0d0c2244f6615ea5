"""What it cost to win the new customers of each segment: marketing spend, given to segments by a stated rule.

Grain: one segment. Spend is known by day, channel and campaign, and seldom by segment, so it is given to segments in this order:

1. spend that its source books on a segment of that name is that segment's;
2. spend of a campaign with members is shared alike by the members that it addressed, each in the segment he is in;
3. spend of another campaign is shared alike by the new customers of the period whose first order is booked on it;
4. everything else belongs to no segment.

Cost of acquisition is the spend that was given to a segment ÷ its new customers of the period; unknown where it was given none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis

from tillsight.core.periods import Period
from tillsight.metrics.ask import Asker
from tillsight.tables.registry import TABLES
from tillsight.tables.schema import IBIS_TYPES

if TYPE_CHECKING:
    import ibis.expr.types as ir

RELATION = "marketing_spend_days"


def members(asker: Asker) -> ir.Table:
    """One row per customer in a campaign: shop_id, campaign_id, customer_id, arm, day; who is in both arms was addressed."""
    declared = TABLES["campaign_members"]
    rows = ibis.table({column.name: IBIS_TYPES[column.type] for column in declared.columns}, name="campaign_members")
    rows = rows.filter(rows.customer_id.notnull())
    return rows.group_by("shop_id", "campaign_id", "customer_id").agg(
        arm=rows.arm.max(),  # target comes after control in the alphabet
        day=rows.assigned_at.date().min(),
    )


def spend(asker: Asker, period: Period) -> ir.Table:
    """The marketing spend of a period: day, campaign_id, customer_segment, amount in the reporting currency."""
    rows = ibis.table(dict(asker.catalogue.relations[RELATION].schema), name=RELATION)
    return rows.filter(rows.day.between(ibis.date(period.start), ibis.date(period.end)))


def spend_of_segments(asker: Asker, period: Period, people: ir.Table) -> ir.Table:
    """Spend of a period by segment: segment, spend; segments that were given none are left out.

    `people`: shop_id, customer_key, customer_id, segment; one row per customer, in the segment that he counts in.
    """
    spent = spend(asker, period)
    names = people.select("segment").distinct()
    stated = spent.filter(spent.customer_segment.notnull())
    stated = stated.inner_join(names, stated.customer_segment.strip().lower() == names.segment.lower())
    stated = stated.select("segment", spend=stated.amount.cast("float64"))
    campaigns = spent.filter(spent.customer_segment.isnull(), spent.campaign_id.notnull())
    campaigns = campaigns.group_by("shop_id", "campaign_id").agg(spend=campaigns.amount.sum().cast("float64"))
    who = ("shop_id", "campaign_id", "segment")
    addressed = members(asker).filter(lambda row: row.arm == "target")
    addressed = addressed.inner_join(people.select("shop_id", "customer_id", "segment"), ["shop_id", "customer_id"])
    orders = asker.catalogue.relations["order_facts"]
    first = ibis.table(dict(orders.schema), name=orders.name)
    first = first.filter(
        first.customer_order_number == 1,
        first.campaign_id.notnull(),
        first.day.between(ibis.date(period.start), ibis.date(period.end)),
    ).select("shop_id", "campaign_id", "customer_key")
    first = first.inner_join(people.select("customer_key", "segment"), "customer_key")
    first = first.anti_join(addressed, ["shop_id", "campaign_id"])
    taken = addressed.select(*who).union(first.select(*who))
    taken = taken.group_by(*who).agg(_people=taken.count())
    taken = taken.mutate(_all=taken._people.sum().over(ibis.window(group_by=["shop_id", "campaign_id"])))
    shared = taken.inner_join(campaigns, ["shop_id", "campaign_id"])
    shared = shared.select("segment", spend=shared.spend * shared._people.cast("float64") / shared._all.cast("float64"))
    given = stated.union(shared)
    return given.group_by("segment").agg(spend=given.spend.sum())
