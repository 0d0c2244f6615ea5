"""A shop loaded from files in which some persons have everything: orders, membership, returns, visits, rejects, free text."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.support.shops import write_settings

from tillsight.shop import Shop

ADA = {
    "mail": "ada.lovelace@example.org",
    "name": "Ada Lovelace",
    "phone": "+44 20 7946 0958",
    "street": "12 St James Square",
    "birth": "1815-12-10",
}
"""Somebody with a customer's number, who also ordered as a guest."""

FILES = {
    "customers.csv": """customer_id,first_name,last_name,email,phone,address,postcode,city,country,birth_date,favourite colour
CUST-ADA-1,Ada,Lovelace,Ada.Lovelace@example.org,+44 20 7946 0958,12 St James Square,SW1Y 4JH,London,GB,1815-12-10,mauve-ada
CUST-BOB-2,Bob,Babbage,bob@example.org,+44 20 7946 0111,1 Dorset Street,W1U 4EG,London,GB,1891-12-26,red
CUST-EVE-3,Eve,Else,eve@example.org,+44 20 7946 0111,2 Dorset Street,W1U 4EG,Paris,FR,1990-01-01,blue
""",
    "orders.csv": """order_id,customer_id,email,phone,placed_at,order_status,currency,channel,country,postcode,referrer,landing_page
SO-7001,CUST-ADA-1,ada.lovelace@example.org,,2025-01-05 10:00,completed,EUR,web,GB,SW1Y 4JH,https://news.example/read?by=ada,/p/lamp?mail=ada.lovelace@example.org
SO-7002,CUST-BOB-2,bob@example.org,,2025-01-06 11:00,completed,EUR,web,GB,W1U 4EG,https://news.example/read,/p/lamp
SO-7003,,ADA.LOVELACE@example.org ,,2025-02-07 12:00,completed,EUR,mobile,FR,SW1Y 4JH,,
SO-7004,CUST-EVE-3,eve@example.org,,2025-02-08 13:00,completed,EUR,web,FR,75001,,
SO-7005,,guest@example.org,,2025-03-01 13:00,completed,EUR,retail,FR,75001,,
SO-7006,CUST-ADA-1,ada.lovelace@example.org,,2025-03-09 10:00,completed,EUR,web,GB,SW1Y 4JH,,
SO-7007,CUST-ADA-1,ada.lovelace@example.org,,not a day,completed,EUR,web,GB,SW1Y 4JH,,
""",
    "order_items.csv": """order_id,product_id,quantity,unit_price
SO-7001,P-1,2,10.00
SO-7001,P-2,1,5.55
SO-7002,P-1,1,10.00
SO-7003,P-3,3,7.77
SO-7004,P-2,1,5.55
SO-7005,P-2,2,5.55
SO-7006,P-1,1,11.00
SO-7006,P-1,1,11.00
""",
    "loyalty_members.csv": """member_id,customer_id,tier,postcode,enrolled_at
MEM-ADA-9,CUST-ADA-1,gold,SW1Y 4JH,2025-01-01
MEM-BOB-8,CUST-BOB-2,silver,W1U 4EG,2025-01-01
""",
    "returns.csv": """return_id,order_id,customer_id,requested_at,notes
RET-555,SO-7001,CUST-ADA-1,2025-01-20 09:00,Ada Lovelace rang twice
RET-556,SO-7002,CUST-BOB-2,2025-01-21 09:00,Bob rang once
""",
    "return_items.csv": """return_id,line_id,product_id,quantity,reason_code,reason_detail
RET-555,1,P-1,1,other,Ada says it hums
RET-556,1,P-1,1,other,Bob says it hums
""",
    "reviews.csv": """review_id,order_id,customer_id,product_id,rating,title,body,reviewed_at
R-1,SO-7001,CUST-ADA-1,P-1,5,Lovely Ada lamp,I am Ada Lovelace and I like it,2025-01-15
R-2,SO-7002,CUST-BOB-2,P-1,4,Fine,I am Bob,2025-01-16
""",
    "web_sessions.csv": """session_id,visitor_id,customer_id,started_at,landing_page,search_term
SES-AAA,VIS-AAA,CUST-ADA-1,2025-01-05 09:50,/p/lamp?u=ada,ada lamps
SES-AAB,VIS-AAA,,2025-01-04 09:50,/p/lamp,lamps
SES-BBB,VIS-SHARED,CUST-BOB-2,2025-01-06 09:50,/p/lamp,lamps
SES-EEE,VIS-SHARED,CUST-EVE-3,2025-01-06 10:50,/p/lamp,lamps
""",
    "customer_consents.csv": """customer_id,purpose,is_granted,decided_at,evidence
CUST-ADA-1,email,true,2025-01-01 10:00,form signed Ada Lovelace
CUST-ADA-1,sale,false,2025-01-02 10:00,mail of Ada
CUST-BOB-2,email,true,2025-01-01 10:00,form
CUST-BOB-2,email,false,2025-06-01 10:00,link
""",
}
TRACES = (
    "ada.lovelace", "lovelace", "cust-ada-1", "7946 0958", "2079460958", "st james square", "sw1y 4jh", "so-7001", "so-7003",
    "so-7006", "so-7007", "mem-ada-9", "ret-555", "vis-aaa", "ses-aaa", "ses-aab", "mauve-ada", "hums ada", "ada says", "1815-12-10",
)  # fmt: skip
"""What would tell of Ada, in lower case."""


def write_files(folder: Path, files: dict[str, str] = FILES) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text)
    return folder


MakeShop = Callable[[str], Shop]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[MakeShop]:
    """Makes workspaces and closes them."""
    opened: list[Shop] = []

    def made(name: str = "shop") -> Shop:
        folder = tmp_path / name
        if not folder.exists():
            folder.mkdir()
            write_settings(folder)
        shop = Shop.open(folder)
        opened.append(shop)
        return shop

    yield made
    for shop in opened:
        shop.close()


@pytest.fixture(scope="session")
def _loaded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files, loaded and built once; every test works on a copy."""
    folder = tmp_path_factory.mktemp("privacy")
    (folder / "shop").mkdir()
    write_settings(folder / "shop")
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("TILLSIGHT_")]:
            patch.delenv(name)
        with Shop.open(folder / "shop") as shop:
            shop.load(write_files(folder / "files"))
            shop.build()
    return folder


@pytest.fixture
def shop(make: MakeShop, tmp_path: Path, _loaded: Path) -> Shop:
    """The files, loaded and built; the files lie beside it."""
    for name in ("shop", "files"):
        shutil.copytree(_loaded / name, tmp_path / name)
    return make("shop")
