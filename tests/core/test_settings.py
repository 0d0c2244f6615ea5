"""Settings: the environment over the file, and a wrong one is an error that names it, its value and where it stands."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from tillsight.core.errors import ConflictError, SettingsError
from tillsight.core.settings import SETTINGS_FILE, Settings, read_settings
from tillsight.core.workspace import create_workspace, section_of, settings_text


def write(folder: Path, text: str) -> Path:
    (folder / SETTINGS_FILE).write_text(text, encoding="utf-8")
    return folder


def test_the_environment_goes_before_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write(tmp_path, 'currency = "GBP"\ntimezone = "Europe/London"\n[serve]\nport = 8400\n')
    assert read_settings(folder).serve.port == 8400
    monkeypatch.setenv("TILLSIGHT_CURRENCY", "usd")
    monkeypatch.setenv("TILLSIGHT_SERVE__PORT", "8500")
    settings = read_settings(folder)
    assert (settings.currency, settings.timezone, settings.serve.port) == ("USD", "Europe/London", 8500)
    assert settings.zone.key == "Europe/London"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('currency = "EURO"', "Setting currency .* three-letter ISO code"),
        ('timezone = "Mars/Olympus"', "Setting timezone .* IANA name"),
        ("colour = 1", "Setting colour .* there is no such setting"),
        ("[serve]\nport = 99999", "Setting serve.port"),
        ("[fiscal]\nstart_month = 13", "Setting fiscal.start_month"),
        ("[keep]\nreleases = 0", "Setting keep.releases"),
        ('week_start = "someday"', "Setting week_start"),
        ("currency = ", "cannot be read"),
    ],
)
def test_a_wrong_setting_is_named(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(SettingsError, match=message) as caught:
        read_settings(write(tmp_path, text))
    assert SETTINGS_FILE in str(caught.value)


def test_a_wrong_variable_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TILLSIGHT_SERVE__PORT", "many")
    with pytest.raises(SettingsError, match="TILLSIGHT_SERVE__PORT"):
        read_settings(write(tmp_path, ""))


def test_a_new_workspace_shows_every_setting_and_reads_as_it_was_asked_for(tmp_path: Path) -> None:
    folder = create_workspace(tmp_path / "shop", currency="GBP", timezone="Europe/London")
    text = (folder / SETTINGS_FILE).read_text("utf-8")
    sections = {name: {} for name, field in Settings.model_fields.items() if section_of(field)}
    assert {"serve", "limits", "accounts"} <= sections.keys()
    assert tomllib.loads(text) == {"currency": "GBP", "timezone": "Europe/London", **sections}
    assert read_settings(folder).currency == "GBP"
    for name in Settings.model_fields:
        assert name in text
    assert settings_text({}) == settings_text({})


def test_a_workspace_is_not_made_over_something_else(tmp_path: Path) -> None:
    create_workspace(tmp_path / "shop")
    with pytest.raises(ConflictError, match="a workspace already"):
        create_workspace(tmp_path / "shop")
    (tmp_path / "file").write_text("")
    with pytest.raises(ConflictError, match="a file, not a folder"):
        create_workspace(tmp_path / "file")
    with pytest.raises(SettingsError, match="currency cannot be 'EURO'"):
        create_workspace(tmp_path / "other", currency="EURO")
    assert not (tmp_path / "other").exists()
