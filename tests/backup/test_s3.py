"""Backups in S3: against a small S3 server on loopback."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.backup.conftest import orders
from tests.support.shops import make_shop

from tillsight.backup import PlaceError, Repository, find, forget_content, place_of, prune, take, verify
from tillsight.core.errors import SettingsError
from tillsight.recovery import drill, restore_new
from tillsight.shop import Shop
from tillsight.vault import Keys, Vault

boto3 = pytest.importorskip("boto3", reason="S3 needs tillsight[s3]")
moto = pytest.importorskip("moto.server", reason="the tests' own S3 server is not installed")

pytestmark = pytest.mark.feature("PLT-08")

ACCESS = {"access_key": "test", "secret_key": "planted-secret-key", "region": "eu-west-1"}


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """A server with one bucket, `shop`."""
    server = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    address = "http://{}:{}".format(*server.get_host_and_port())
    client = boto3.client(
        "s3",
        endpoint_url=address,
        region_name="eu-west-1",
        aws_access_key_id="test",
        aws_secret_access_key="planted-secret-key",
    )
    client.create_bucket(Bucket="shop", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    yield address
    server.stop()


@pytest.fixture
def shop(tmp_path: Path, endpoint: str) -> Iterator[Shop]:
    place = {"to": f"s3://shop/{tmp_path.name}"}
    with make_shop(tmp_path / "shop", orders(1, 2, 3), backup=place) as shop:
        Vault(shop.database, Keys.open(shop.path)).put("backup", json.dumps(ACCESS | {"endpoint": endpoint}))
        yield shop


def test_a_shop_is_backed_up_to_s3_drilled_and_restored(shop: Shop, tmp_path: Path) -> None:
    first = take(shop.path, shop.settings, shop.database)
    second = take(shop.path, shop.settings, shop.database)
    assert (first.snapshot.kind, second.snapshot.kind) == ("full", "increment")
    assert second.stored < first.stored
    repository = Repository.open(place_of(shop.path, shop.settings, shop.database), lambda: Keys.open(shop.path))
    assert repository.ids() == [first.snapshot.id, second.snapshot.id]
    assert verify(repository, second.snapshot) == []
    assert prune(repository, shop.settings) == []
    assert drill(shop).differences == []
    restore_new(None, tmp_path / "back", workspace=shop.path)
    with Shop.open(tmp_path / "back") as back:
        assert back.releases.current().rows_of("orders") == 3


def test_content_vanishes_from_s3(shop: Shop) -> None:
    take(shop.path, shop.settings, shop.database)
    file = next((shop.path / "landing").rglob("orders.parquet"))
    old = file.read_bytes()
    file.write_bytes(b"without")
    forget_content(shop.path, shop.settings, shop.database, [file.relative_to(shop.path).as_posix()])
    repository = Repository.open(place_of(shop.path, shop.settings, shop.database), lambda: Keys.open(shop.path))
    assert old not in [repository.get(name) for name in repository.pieces()]
    assert verify(repository, find(repository)) == []


def test_what_s3_refuses_is_said_without_the_secret(shop: Shop, endpoint: str) -> None:
    with pytest.raises(PlaceError, match="NoSuchBucket") as refused:
        take(shop.path, shop.settings, shop.database, to="s3://no-such-bucket/x")
    assert ACCESS["secret_key"] not in str(refused.value)
    vault = Vault(shop.database, Keys.open(shop.path))
    vault.put("backup", json.dumps(ACCESS | {"endpoint": "http://127.0.0.1:9"}))
    with pytest.raises(PlaceError, match="cannot be reached") as gone:
        take(shop.path, shop.settings, shop.database)
    assert ACCESS["secret_key"] not in str(gone.value)
    vault.put("backup", "planted-secret-key is not JSON")
    with pytest.raises(SettingsError, match="not JSON") as wrong:
        take(shop.path, shop.settings, shop.database)
    assert ACCESS["secret_key"] not in str(wrong.value)
