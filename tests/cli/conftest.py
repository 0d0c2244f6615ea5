"""A small shop for the command line: four orders whose figures are worked out by hand.

order  day         country  channel  state      lines                    revenue
A1     2011-01-05  France   web      completed  2 × 10.00, 1 × 5.50        25.50
A2     2011-01-20  Germany  retail   completed  3 × 4.00 less 2.00         10.00
A3     2011-02-10  France   web      cancelled  1 × 99.00                      –
A4     2011-02-11  (none)   web      completed  1000 × 1.25             1,250.00
"""

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.support.shops import line, make_shop, order

from tillsight.cli.main import run

Ask = Callable[..., tuple[str, str]]


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The workspace, built."""
    folder = tmp_path_factory.mktemp("cli") / "lights"
    orders = [
        order("A1", "2011-01-05 10:00:00", country="France", channel="web", customer_id="C1", currency="GBP"),
        order("A2", "2011-01-20 11:30:00", country="Germany", channel="retail", customer_id="C2", currency="GBP"),
        order("A3", "2011-02-10 09:00:00", country="France", channel="web", customer_id="C1", currency="GBP"),
        order("A4", "2011-02-11 23:30:00", channel="web", customer_id="C3", currency="GBP"),
    ]
    orders[2]["order_status"] = "cancelled"
    items = [
        line("A1", "1", "P1", 2, "10.00"),
        line("A1", "2", "P2", 1, "5.50"),
        line("A2", "1", "P3", 3, "4.00", discount_amount="2.00"),
        line("A3", "1", "P4", 1, "99.00"),
        line("A4", "1", "P3", 1000, "1.25"),
    ]
    tables = {"orders": orders, "order_items": items}
    make_shop(folder, tables, name="Lights", currency="GBP", timezone="Europe/London").close()
    return folder


@pytest.fixture
def ask(shop: Path, capsys: pytest.CaptureFixture[str]) -> Ask:
    """Run a command in the small shop; its standard output and standard error."""

    def call(*arguments: str, code: int = 0) -> tuple[str, str]:
        capsys.readouterr()
        assert run(["-w", str(shop), *arguments]) == code
        printed = capsys.readouterr()
        return printed.out, printed.err

    return call
