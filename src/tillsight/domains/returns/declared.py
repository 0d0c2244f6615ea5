"""Every analysis of returns, in the order in which they are listed."""

from __future__ import annotations

from tillsight.domains.returns import (
    alarms,
    analyses,
    comments,
    costs,
    effects,
    fitting,
    lag,
    newcomers,
    prevention,
    pricing,
    ranking,
    reports,
    steps,
)

ANALYSES = tuple(
    analysis
    for module in (
        *(
            analyses,
            ranking,
            prevention,
            effects,
            alarms,
            comments,
            fitting,
            pricing,
            newcomers,
            costs,
            steps,
            lag,
            reports,
        ),
    )
    for analysis in module.ANALYSES
)
