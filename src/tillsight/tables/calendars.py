"""Exchange rates and the fiscal calendar: what turns other currencies and days into those of the reports."""

from __future__ import annotations

from tillsight.tables.schema import SHOP, Check, Column, Table

EXCHANGE_RATES = Table(
    name="exchange_rates",
    title="Exchange rates",
    domain="shop",
    grain="The rate of one currency in another on one day. A day without a rate takes the last one before it.",
    key=("shop_id", "day", "from_currency", "to_currency"),
    time="day",
    synonyms=("exchange_rate", "currency_rates", "fx_rates"),
    columns=(
        SHOP,
        Column("day", "day", "The day.", required=True, synonyms=("date", "rate_date", "valid_from")),
        Column(
            "from_currency",
            "text",
            "The currency that is converted: three-letter ISO code.",
            required=True,
            synonyms=("source_currency", "base_currency", "base", "currency", "from"),
        ),
        Column(
            "to_currency",
            "text",
            "The currency that it becomes: three-letter ISO code.",
            required=True,
            synonyms=("target_currency", "quote_currency", "quote", "counter_currency", "to"),
        ),
        Column(
            "rate",
            "rate",
            "Units of to_currency for one unit of from_currency.",
            required=True,
            unit="ratio",
            synonyms=("exchange_rate", "fx_rate", "value", "mid"),
        ),
        Column("rate_source", "text", "Who states the rate.", synonyms=("source", "provider")),
    ),
    checks=(
        Check("rate_above_zero", "rate > 0", "A rate is above zero."),
        Check("own_rate_is_one", "from_currency <> to_currency OR rate = 1", "A currency in itself is 1."),
    ),
)

FISCAL_CALENDAR = Table(
    name="fiscal_calendar",
    title="Fiscal calendar",
    domain="shop",
    grain="One fiscal week, or the part of it that lies in one fiscal period. A calendar loaded here replaces that of "
    "the settings.",
    key=("shop_id", "start_date"),
    time="start_date",
    synonyms=("fiscal_weeks", "time_period_mapping", "retail_calendar", "calendar"),
    columns=(
        SHOP,
        Column(
            "start_date",
            "day",
            "First day.",
            required=True,
            synonyms=("week_start", "week_start_date", "start", "fiscal_week_start"),
        ),
        Column(
            "end_date",
            "day",
            "Last day.",
            required=True,
            synonyms=("week_end", "week_end_date", "end", "week_ending", "fiscal_week_end"),
        ),
        Column(
            "fiscal_year", "integer", "Label of the fiscal year.", required=True, unit="year", synonyms=("year", "fy")
        ),
        Column(
            "fiscal_quarter",
            "integer",
            "Quarter of the fiscal year.",
            required=True,
            unit="ordinal",
            minimum=1,
            maximum=4,
            synonyms=("quarter", "fq"),
        ),
        Column(
            "fiscal_period",
            "integer",
            "Period (month) of the fiscal year.",
            required=True,
            unit="ordinal",
            minimum=1,
            maximum=13,
            synonyms=("period", "fiscal_month", "month", "fp"),
        ),
        Column(
            "fiscal_week",
            "integer",
            "Week of the fiscal year.",
            required=True,
            unit="ordinal",
            minimum=1,
            maximum=54,
            synonyms=("week", "week_number", "fw"),
        ),
    ),
    checks=(Check("ends_after_start", "end_date >= start_date", "It does not end before it starts."),),
)
