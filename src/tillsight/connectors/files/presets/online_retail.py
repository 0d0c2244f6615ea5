"""UCI Online Retail: the sales ledger of a gift shop in the United Kingdom, December 2010 to December 2011.

One row per invoice line. Products have codes of five digits (with letters behind them), `DCGS…` or `PADS`; invoices that start
with C are credits, with A bad debt. Postage, discounts, manual entries, fees and gift cards stand among the products. The
classes tie to the file: every row is in exactly one, and quantities × prices sum to 9,747,747.934 GBP.
"""

from __future__ import annotations

from tillsight.connectors.files.mapping import ColumnMapping, Condition, FileMapping, Rule
from tillsight.connectors.files.presets.declare import Output, Preset, Role

_PRODUCT = Condition(column="StockCode", matches=r"^(\d{5}|DCGS|PADS)")
_CREDIT = Condition(column="InvoiceNo", starts_with=("C",))


def _code(*codes: str) -> tuple[Condition, ...]:
    return (Condition(column="StockCode", equals=codes),)


ONLINE_RETAIL = Preset(
    name="online_retail",
    title="UCI Online Retail",
    currency="GBP",
    timezone="Europe/London",
    roles=(
        Role(
            "lines",
            ("InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country"),
        ),
    ),
    outputs=(
        Output(
            roles=("lines",),
            entry=FileMapping(
                table="sales",
                columns={
                    "order_id": ColumnMapping(column=("InvoiceNo",)),
                    "product_id": ColumnMapping(column=("StockCode",)),
                    # Notes of the stock room ("damaged", "?") stand in the same column in small letters.
                    "product_name": ColumnMapping(column=("Description",), matches=r"^[^a-z?]*[A-Z]{2}[^?]*$"),
                    "quantity": ColumnMapping(column=("Quantity",)),
                    "placed_at": ColumnMapping(column=("InvoiceDate",)),
                    "unit_price": ColumnMapping(column=("UnitPrice",), decimal="point"),
                    "customer_id": ColumnMapping(column=("CustomerID",)),
                    "country": ColumnMapping(column=("Country",)),
                },
                only=True,
                rule=(
                    Rule(class_="shipping", effect="shipping", when=_code("POST", "DOT", "C2")),
                    Rule(class_="discount", effect="discount", when=_code("D")),
                    Rule(class_="expense", effect="expense", when=_code("S", "BANK CHARGES", "AMAZONFEE", "CRUK")),
                    Rule(class_="adjustment", effect="adjustment", when=_code("M", "m")),
                    Rule(
                        class_="adjustment",
                        effect="adjustment",
                        when=(Condition(column="InvoiceNo", starts_with=("A",)),),
                    ),
                    Rule(
                        class_="gift card",
                        effect="gift_card",
                        when=(Condition(column="StockCode", starts_with=("gift_",)),),
                    ),
                    Rule(class_="product credit", effect="refund", when=(_PRODUCT, _CREDIT)),
                    Rule(
                        class_="product sale",
                        effect="sale",
                        when=(_PRODUCT, Condition(column="Quantity", above=0)),
                    ),
                    Rule(
                        class_="stock movement",
                        effect="stock_movement",
                        when=(
                            Condition(column="Quantity", below=0),
                            Condition(column="UnitPrice", matches=r"^0*\.?0*$"),
                            Condition(column="InvoiceNo", matches=r"^[A-Za-z]", **{"not": True}),
                        ),
                    ),
                    Rule(class_="other", effect="adjustment"),
                ),
            ),
        ),
    ),
)
