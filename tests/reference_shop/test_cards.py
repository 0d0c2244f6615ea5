"""Nothing in a whole shop is taken for the number of a payment card: not its barcodes, orders, parcels or telephones."""

from __future__ import annotations

import pytest
from tests.reference_shop.conftest import Made

from tillsight.connectors.files.cards import cut_table


@pytest.mark.feature("PLT-06")
def test_a_whole_shop_holds_no_card_number(small: Made) -> None:
    names = [name for (name,) in small.rows("SELECT view_name FROM duckdb_views() WHERE NOT internal ORDER BY 1")]
    assert len(names) > 40
    for name in names:
        rows = small.sql.execute(f"SELECT CAST(COLUMNS(*) AS VARCHAR) FROM {name}").to_arrow_table()
        assert cut_table(rows)[1] == 0, name
