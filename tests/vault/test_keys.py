"""Master keys: where they come from, what is derived from them, how they are rotated; and single encrypted values."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from tillsight.core.errors import ConflictError, SettingsError
from tillsight.vault import FieldCipher, Keys, VaultError

OLD, NEW = "o" * 32, "n" * 32

pytestmark = pytest.mark.feature("PLT-07")


def test_the_key_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    keys = Keys.open(tmp_path)
    assert len(keys.texts[0]) == 64
    assert Keys.open(tmp_path) == keys
    assert [file.name for file in tmp_path.iterdir()] == [".key"]
    if os.name == "posix":
        assert stat.S_IMODE((tmp_path / ".key").stat().st_mode) == 0o600
        (tmp_path / ".key").chmod(0o644)
        with pytest.raises(SettingsError, match="chmod 600"):
            Keys.open(tmp_path)


def test_the_keys_of_the_environment_go_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TILLSIGHT_KEY", f"{NEW}, {OLD}")
    assert Keys.open(tmp_path).texts == (NEW, OLD)
    assert not (tmp_path / ".key").exists()
    monkeypatch.setenv("TILLSIGHT_KEY", "secret-but-short")
    with pytest.raises(SettingsError) as error:
        Keys.open(tmp_path)
    assert "secret-but-short" not in error.value.message


def test_a_key_file_may_lie_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "outside" / "key"
    monkeypatch.setenv("TILLSIGHT_KEY_FILE", str(file))
    with pytest.raises(SettingsError, match="not there"):
        Keys.open(tmp_path)
    file.parent.mkdir()
    file.write_text(f"{NEW}\n{OLD}\n")
    file.chmod(0o600)
    assert Keys.open(tmp_path).texts == (NEW, OLD)
    assert not (tmp_path / ".key").exists()
    file.write_bytes(b"\xff" * 40)
    with pytest.raises(SettingsError, match="cannot be read"):
        Keys.open(tmp_path)


def test_every_purpose_has_its_own_key_and_none_is_the_master_key() -> None:
    keys = Keys((NEW, OLD), "here")
    made = {keys.derive("one"), keys.derive("two"), keys.derive("one", keys.ids[1]), bytes.fromhex(keys.signing_key())}
    assert len(made) == 4
    assert all(NEW.encode() not in key for key in made)
    assert keys.derive("one", keys.ids[0]) == keys.derive("one")
    with pytest.raises(VaultError, match="needs the key 00000000"):
        keys.derive("one", "00000000")
    assert NEW not in repr(keys)


def test_a_fingerprint_needs_the_key_and_outlives_its_rotation() -> None:
    before, after = Keys((OLD,), "here"), Keys((NEW, OLD), "here")
    print_before = before.fingerprint("mail", "ada@example.com")
    assert print_before in after.fingerprints("mail", "ada@example.com")
    assert after.fingerprint("mail", "ada@example.com") != print_before
    assert before.fingerprint("phone", "ada@example.com") != print_before


def test_a_rotated_key_comes_first_and_the_old_one_still_reads(tmp_path: Path) -> None:
    old = Keys.open(tmp_path)
    text = FieldCipher(old).encrypt("s3cret", "a")
    new = old.rotated()
    assert Keys.open(tmp_path).texts == new.texts == (new.texts[0], *old.texts)
    if os.name == "posix":
        assert stat.S_IMODE((tmp_path / ".key").stat().st_mode) == 0o600
    cipher = FieldCipher(new)
    assert cipher.decrypt(text, "a") == "s3cret"
    again = cipher.rotate(text, "a")
    assert cipher.current(again)
    assert not cipher.current(text)
    assert cipher.rotate(again, "a") == again


def test_keys_of_the_environment_are_rotated_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TILLSIGHT_KEY", OLD)
    with pytest.raises(ConflictError, match="TILLSIGHT_KEY"):
        Keys.open(tmp_path).rotated()


def test_a_value_is_bound_to_its_place_and_cannot_be_changed() -> None:
    cipher = FieldCipher(Keys((NEW,), "here"))
    text = cipher.encrypt("s3cret", "totp:1")
    assert "s3cret" not in text
    assert cipher.decrypt(text, "totp:1") == "s3cret"
    assert cipher.encrypt("s3cret", "totp:1") != text
    assert cipher.decrypt_bytes(cipher.encrypt(b"\x00\xff", "x"), "x") == b"\x00\xff"
    changed = text[:-6] + ("A" if text[-6] != "A" else "B") + text[-5:]
    for wrong, context in ((text, "totp:2"), (changed, "totp:1"), ("plain", "totp:1"), (f"t1.{'0' * 8}", "totp:1")):
        with pytest.raises(VaultError) as error:
            cipher.decrypt(wrong, context)
        assert "s3cret" not in error.value.message
    with pytest.raises(VaultError):
        FieldCipher(Keys((OLD,), "there")).decrypt(text, "totp:1")
