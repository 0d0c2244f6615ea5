"""The return desk driven on a phone, as somebody at a bench does: from the order to the closed return, and what may go wrong."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from playwright.sync_api import Page, expect
from tests.e2e.conftest import Server, Visits, sign_in
from tests.support.shops import land, line, order

from tillsight.accounts import By
from tillsight.shop import Shop

pytestmark = pytest.mark.e2e
PHONE = {"width": 390, "height": 844}


def fill(shop: Shop) -> None:
    """Two orders of the last days, a return that a file brought, and prices to exchange at."""
    now = datetime.now(UTC)
    placed = f"{now - timedelta(days=4):%Y-%m-%d %H:%M:%S}"
    old = f"{now - timedelta(days=90):%Y-%m-%d %H:%M:%S}"
    land(
        shop,
        {
            "orders": [
                order("W-1001", placed, customer_id="c1", shipping_amount="4.90"),
                order("W-1002", old, customer_id="c2"),
            ],
            "order_items": [
                line("W-1001", "1", "SHIRT-M", 2, "50", tax_amount="19", unit_cost="20", size="M"),
                line("W-1001", "2", "LAMP", 1, "30", unit_cost="12"),
                line("W-1002", "1", "LAMP", 2, "30", unit_cost="12"),
            ],
            "products": [
                {"product_id": "SHIRT-M", "product_name": "Linen shirt", "category": "Clothing", "current_price": "59.50"},
                {"product_id": "SHIRT-L", "product_name": "Linen shirt L", "category": "Clothing", "current_price": "69.50"},
                {"product_id": "LAMP", "product_name": "Desk lamp", "category": "Home", "current_price": "30"},
            ],
            "returns": [
                {
                    "return_id": "R-7",
                    "order_id": "W-1002",
                    "initiated_at": old,
                    "return_status": "approved",
                    "workflow_step": "in_transit",
                    "return_type": "refund",
                }
            ],
            "return_items": [
                {"return_id": "R-7", "line_id": "1", "order_line_id": "1", "product_id": "LAMP", "quantity": 1, "reason_code": "too_large"}
            ],
        },
    )  # fmt: skip
    shop.build()


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def choose(page: Page, label: str, option: str) -> None:
    page.get_by_role("combobox", name=label).click()
    page.get_by_role("option", name=option, exact=True).click()


@pytest.mark.feature("RET-05")
def test_a_return_is_worked_from_the_order_to_its_end(visits: Visits, new_shop: Server) -> None:
    with Shop.open(new_shop.folder) as shop:
        fill(shop)
        context = visits.context(viewport=PHONE, has_touch=True, is_mobile=True)
        sign_in(context, new_shop)
        visitor = visits.page(context, new_shop.address)
        page = visitor.page
        visitor.open("/returns/desk")
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], "nothing is beyond the edge"

        # begin: find the order, take one of two shirts
        press(page, "New return")
        dialog = page.get_by_role("dialog")
        dialog.get_by_label("Order").fill("1001")
        dialog.get_by_role("button", name="W-1001").click()
        expect(dialog.get_by_text("2 of 2 can come back")).to_be_visible()
        more = dialog.get_by_role("button", name="One Linen shirt more")
        assert (more.bounding_box() or {"height": 0})["height"] >= 44, "big enough for a thumb"
        more.click()
        more.click()
        expect(more).to_be_disabled()
        dialog.get_by_role("button", name="One Linen shirt less").click()
        choose(page, "Reason for Linen shirt", "Too small")
        dialog.get_by_label("In the customer's words").fill("Pinches at the shoulders")
        dialog.get_by_role("button", name="Begin the return of 1 unit").click()
        expect(page.get_by_role("heading", name="Return D-000001", level=1)).to_be_visible()

        # its steps
        press(page, "Make the label")
        press(page, "Parcel is on its way")
        page.get_by_label("Number of the parcel").fill("DHL-77")
        press(page, "Parcel is on its way")
        press(page, "Parcel has arrived")
        press(page, "Inspect")
        page.get_by_text("4", exact=True).click()
        expect(page.get_by_text("1 unit goes back into stock.")).to_be_visible()
        press(page, "Keep the inspection")
        press(page, "Give the money back")
        page.get_by_label("Fee that is kept").fill("2.50")
        press(page, "Give back €57.00")
        press(page, "Close the return")
        expect(page.get_by_role("list", name="Steps").locator("[aria-current=step]")).to_contain_text("Completed")
        history = page.get_by_role("region", name="History")
        expect(history.get_by_role("listitem")).to_have_count(7)
        expect(history).to_contain_text("admin")

        kept = shop.return_desk.get("D-000001")
        assert (kept["step"], kept["refund_total"], kept["tracking_number"]) == (
            "completed",
            Decimal("57.00"),
            "DHL-77",
        )
        assert kept["items"][0]["condition_rating"] == 4

        # after the window a reason is asked for
        visitor.open("/returns/desk")
        press(page, "New return")
        dialog.get_by_label("Order").fill("W-1002")
        dialog.get_by_role("button", name="W-1002").click()
        dialog.get_by_role("button", name="One Desk lamp more").click()
        choose(page, "Reason for Desk lamp", "Manufacturing defect")
        begin = dialog.get_by_role("button", name="Begin the return of 1 unit")
        expect(begin).to_be_disabled()
        dialog.get_by_label("The return window of 30 days is over").fill("Broke within the guarantee")
        begin.click()
        expect(page.get_by_role("heading", name="Return D-000002", level=1)).to_be_visible()
        press(page, "Other steps")
        page.get_by_role("menuitem", name="Reject").click()
        expect(page.get_by_role("button", name="Reject", exact=True)).to_be_disabled()
        page.get_by_label("Why is it rejected?").fill("Dropped by the customer")
        press(page, "Reject")
        expect(page.get_by_text("Dropped by the customer").first).to_be_visible()

        # somebody else was faster: what was decided on is out of date
        visitor.open("/returns/desk/R-7")
        shop.return_desk.move("R-7", 1, "received", By("berta"))
        visits.provoke("409")
        press(page, "Parcel has arrived")
        expect(page.get_by_text("was changed meanwhile by berta")).to_be_visible()
        page.reload()

        # the source says otherwise later: shown, and settled
        row = {
            "return_id": "R-7",
            "order_id": "W-1002",
            "initiated_at": "2025-01-01",
            "return_status": "completed",
            "workflow_step": "completed",
        }
        land(shop, {"returns": [row]}, known_at=datetime.now(UTC), file="later.csv")
        shop.build()
        visitor.open("/returns/desk")
        expect(page.get_by_text("1 to settle with the source")).to_be_visible()
        page.get_by_role("group", name="Step to show").get_by_role("button", name="Received").click()
        page.get_by_role("link", name="R-7").click()
        expect(page.get_by_role("region", name="The source says otherwise")).to_contain_text("completed")
        press(page, "Keep ours")
        expect(page.get_by_role("region", name="The source says otherwise")).to_have_count(0)

        # many at once, from the list
        visitor.open("/returns/desk")
        page.get_by_text("All returns", exact=True).click()
        expect(page.get_by_role("link", name="R-7")).to_be_visible()
        page.get_by_label("Find a return").fill("nothing like it")
        press(page, "Find")
        expect(page.get_by_text("No return fits")).to_be_visible()
        page.get_by_label("Find a return").fill("DHL-77")
        press(page, "Find")
        expect(page.get_by_role("heading", name="Return D-000001", level=1)).to_be_visible()

        shop.build()
        assert shop.query("returned_sales").to_records()[0]["returned_sales"] == Decimal("47.90")
