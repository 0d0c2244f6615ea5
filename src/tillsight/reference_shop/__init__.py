"""The reference shop: a deterministic synthetic retailer with answers planted in it.

`generate(folder, "medium")` writes every canonical table as Parquet, to be loaded like anybody's files, and gives the truths.
"""

from tillsight.reference_shop.columns import ReferenceShopError
from tillsight.reference_shop.make import generate
from tillsight.reference_shop.truths import Truths

__all__ = ["ReferenceShopError", "Truths", "generate"]
