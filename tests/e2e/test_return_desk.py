"""The return desk driven on a phone, as somebody at a bench does: from the order to the closed return, and what may go wrong."""

from __future__ import annotations

import csv
import re
import struct
import zlib
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect
from tests.e2e.conftest import Server, Visits, sign_in
from tests.support.shops import land, line, order

from tillsight.accounts import By
from tillsight.returns_desk import InspectedItem, WantedItem
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

        # filters, order and search stand in the address: another one who opens it, and "back", see the same list
        listed = page.get_by_role("region", name="Returns", exact=True)
        visitor.open("/returns/desk")
        page.get_by_text("All returns", exact=True).click()
        expect(listed).to_contain_text("3 in all")
        choose(page, "Step", "Completed")
        expect(listed).to_contain_text("1 that fit")
        choose(page, "Order", "Highest value")
        expect(page).to_have_url(re.compile(r"/returns/desk\?view=list&step=completed&sort=-goods_value$"))
        page.get_by_role("link", name="D-000001").click()
        expect(page.get_by_role("heading", name="Return D-000001", level=1)).to_be_visible()
        customer = page.get_by_role("link", name="c1", exact=True)
        expect(customer).to_have_attribute("href", "/customers/all/c1")
        page.go_back()
        expect(page.get_by_role("combobox", name="Step")).to_have_value("Completed")
        expect(listed).to_contain_text("1 that fit")
        page.go_back()
        expect(page.get_by_role("combobox", name="Order")).to_have_value("Newest first")
        page.go_back()
        expect(listed).to_contain_text("3 in all")
        visitor.open(
            "/returns/desk?view=list&search=W-1002&reason=manufacturing_defect&sort=initiated_at&step=lost&page=7"
        )
        expect(page.get_by_text("There is no page 7")).to_be_visible()
        press(page, "Go to the first page")
        expect(listed.get_by_role("link")).to_have_count(1)
        expect(page.get_by_label("Find a return")).to_have_value("W-1002")
        press(page, "Download")
        with page.expect_download() as download:
            page.get_by_role("menuitem", name="CSV").click()
        assert download.value.suggested_filename == "returns.csv"
        rows = list(csv.DictReader(download.value.path().open(encoding="utf-8-sig")))
        assert [(row["return_id"], row["step"]) for row in rows] == [("D-000002", "Rejected")]
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]

        shop.build()
        assert shop.query("returned_sales").to_records()[0]["returned_sales"] == Decimal("47.90")


BERTA = By("berta")


def more_orders(shop: Shop) -> None:
    """An order of twelve shirts at 59.50 with tax, a return that a file brought, and what shirts cost in the catalogue."""
    placed = f"{datetime.now(UTC) - timedelta(days=4):%Y-%m-%d %H:%M:%S}"
    land(
        shop,
        {
            "orders": [order("W-2001", placed, customer_id="c1")],
            "order_items": [line("W-2001", "1", "SHIRT-M", 12, "50", tax_amount="114", unit_cost="20", size="M")],
            "products": [
                {"product_id": f"SHIRT-{size}", "product_name": "Linen shirt", "category": "Clothing", "current_price": price}
                for size, price in (("M", "59.50"), ("L", "69.50"), ("S", "49.50"))
            ],
            "returns": [
                {"return_id": "R-9", "order_id": "W-2001", "initiated_at": placed, "return_status": "approved", "workflow_step": "received"}
            ],
            "return_items": [{"return_id": "R-9", "line_id": "1", "order_line_id": "1", "product_id": "SHIRT-M", "quantity": 1}],
        },
    )  # fmt: skip
    shop.build()


def begun(shop: Shop, outcome: str, *steps: str) -> str:
    """A return of one shirt that a colleague has taken so far."""
    desk = shop.return_desk
    kept = desk.create("W-2001", [WantedItem("1", Decimal(1), "too_small")], outcome, BERTA)
    for step in steps:
        if step == "inspected":
            fate = "kept_by_customer" if outcome == "keep_item" else "restocked"
            kept = desk.inspect(kept["return_id"], kept["version"], [InspectedItem("1", 5, fate)], BERTA)
        else:
            kept = desk.move(kept["return_id"], kept["version"], step, BERTA)
    return str(kept["return_id"])


TO_INSPECTED = ("return_label_generated", "in_transit", "received", "inspected")


def picture(folder: Path, width: int, height: int) -> Path:
    """A PNG of one colour."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    rows = zlib.compress((b"\0" + b"\x0b\x6e\x6e" * width) * height)
    path = folder / "seam.png"
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b""))
    return path


def drawn(picture: Locator) -> None:
    """The picture is there and was read, not a broken one."""
    expect(picture).to_be_visible()
    expect(picture).to_have_js_property("complete", value=True)
    assert picture.evaluate("image => image.naturalWidth") > 0


@pytest.mark.feature("RET-03", "RET-05")
def test_every_way_in_which_a_return_ends(visits: Visits, new_shop: Server, tmp_path: Path) -> None:
    with Shop.open(new_shop.folder) as shop:
        more_orders(shop)
        context = visits.context(viewport=PHONE, has_touch=True, is_mobile=True)
        sign_in(context, new_shop)
        visitor = visits.page(context, new_shop.address)
        page = visitor.page
        money = page.get_by_role("region", name="Money", exact=True)

        def at(return_id: str) -> None:
            visitor.open(f"/returns/desk/{return_id}")
            expect(page.get_by_role("heading", name=f"Return {return_id}", level=1)).to_be_visible()

        def kept(return_id: str) -> dict[str, Any]:
            return shop.return_desk.get(return_id)

        # an exchange: for the same, for a dearer one, for a cheaper one at a price that is said
        for product, price, said in (
            ("SHIRT-M", "", "no difference"),
            ("SHIRT-L", "", "€10.00 paid on top"),
            ("SHIRT-S", "49.50", "€10.00 given back"),
        ):
            number = begun(shop, "exchange", *TO_INSPECTED)
            at(number)
            press(page, "Send the exchange")
            page.get_by_label("Product to send (SKU)").fill(product)
            if price:
                page.get_by_label("Price of one, with tax").fill(price)
                expect(page.get_by_text("€10.00 is given back.")).to_be_visible()
            press(page, "Send the exchange")
            expect(page.get_by_role("list", name="Steps").locator("[aria-current=step]")).to_contain_text("Exchanged")
            expect(money).to_contain_text(said)
            assert kept(number)["exchanges"][0]["exchange_product_id"] == product

        # store credit, less a fee, with something on top
        number = begun(shop, "store_credit", *TO_INSPECTED)
        at(number)
        press(page, "Give the money back")
        page.get_by_label("Fee that is kept").fill("5")
        page.get_by_label("Goodwill on top").fill("2")
        press(page, "Give credit of €56.50")
        expect(money).to_contain_text("store credit")
        assert (kept(number)["outcome"], kept(number)["refund_total"]) == ("store_credit", Decimal("56.50"))

        # the customer keeps it: nothing travels, it is looked at on a photo
        number = begun(shop, "keep_item")
        at(number)
        press(page, "Inspect")
        file = picture(tmp_path, 640, 480)
        with page.expect_file_chooser() as chooser:
            page.get_by_role("group", name="Photos of Linen shirt").get_by_role("button", name="Add a photo").click()
        page.get_by_text("3", exact=True).click()
        chooser.value.set_files(file)
        photo = page.get_by_role("group", name="Photos of Linen shirt").get_by_role("img")
        drawn(photo)
        # the form is as it was left
        expect(page.get_by_text("Used", exact=True)).to_be_visible()
        press(page, "Keep the inspection")
        expect(page.get_by_text("condition 3 of 5")).to_be_visible()
        drawn(page.get_by_role("img", name="Photo 1 of Linen shirt"))
        page.get_by_role("img", name="Photo 1 of Linen shirt").click()
        drawn(page.get_by_role("img", name="Photo of Linen shirt, large"))
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
        press(page, "Take this photo away")
        expect(page.get_by_role("img", name="Photo 1 of Linen shirt")).to_have_count(0)
        press(page, "Give the money back")
        press(page, "Give back €59.50")
        expect(page.get_by_role("list", name="Steps").locator("[aria-current=step]")).to_contain_text("Refunded")
        assert kept(number)["items"][0]["disposition"] == "kept_by_customer"
        history = [one["action"] for one in kept(number)["history"]]
        assert history == ["created", "photo_added", "inspected", "photo_removed", "refunded"]

        # what is no photo is refused in words, and the page goes on
        number = begun(shop, "refund", "return_label_generated", "in_transit", "received")
        at(number)
        press(page, "Inspect")
        words = tmp_path / "words.png"
        words.write_text("no picture")
        visits.provoke("422")
        page.get_by_label("Choose photos of Linen shirt").set_input_files(words)
        expect(page.get_by_role("alert")).to_contain_text("A photo is a PNG or a JPEG")
        press(page, "Keep the inspection")
        expect(page.get_by_role("button", name="Give the money back")).to_be_visible()

        # the same step with two at once; the third has been moved by a colleague meanwhile
        numbers = [begun(shop, "refund") for _ in range(3)]
        visitor.open("/returns/desk")
        page.get_by_text("All returns", exact=True).click()
        for one in numbers:
            page.get_by_label(f"Choose {one}").check()
        shop.return_desk.move(numbers[2], 1, "return_label_generated", BERTA)
        page.get_by_role("group", name="With the chosen returns").get_by_role("button", name="Make the label").click()
        expect(page.get_by_role("alert")).to_contain_text("1 could not take the step")
        assert [kept(one)["version"] for one in numbers] == [2, 2, 2]

        # a later load says otherwise of what is worked here, and a person takes the source's word
        shop.return_desk.inspect("R-9", 1, [InspectedItem("1", 4, "restocked")], BERTA)
        land(
            shop,
            {"returns": [{"return_id": "R-9", "order_id": "W-2001", "initiated_at": "2025-01-01", "return_status": "rejected",
                          "workflow_step": "rejected"}]},
            known_at=datetime.now(UTC), file="later.csv",
        )  # fmt: skip
        shop.build()
        at("R-9")
        expect(page.get_by_role("region", name="The source says otherwise")).to_contain_text("rejected")
        press(page, "Take theirs")
        expect(page.get_by_role("list", name="Steps").locator("[aria-current=step]")).to_contain_text("Rejected")
        assert kept("R-9")["step"] == "rejected"

        # what was done against returns is written down, and taken back with a way to undo it
        visitor.open("/returns/prevention")
        expect(page.get_by_text("Nothing is written down yet")).to_be_visible()
        press(page, "Write down what was done")
        choose(page, "Product", "Linen shirt")
        choose(page, "What was done", "Size guide")
        expect(page.get_by_text("how much comes back as too small")).to_be_visible()
        press(page, "Write it down")
        card = page.get_by_role("article", name="Size guide for Linen shirt")
        expect(card).to_contain_text("too early")
        expect(card).to_contain_text("the effect can be measured from")
        page.get_by_role("button", name="Take back Size guide for Linen shirt").click()
        expect(card).to_have_count(0)
        press(page, "Undo")
        expect(card).to_contain_text("written down by admin")
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
