from __future__ import annotations

from pathlib import Path

import pytest

from casebook.errors import SettingsError
from casebook.settings import load


def test_flags_beat_environment_beats_file_beats_defaults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "casebook.toml"
    file.write_text("port = 1111\nstatements = 3\npool = 50\n")
    monkeypatch.setenv("CASEBOOK_TOML", str(file))
    monkeypatch.setenv("CASEBOOK_PORT", "2222")
    monkeypatch.setenv("CASEBOOK_STATEMENTS", "4")
    found = load(port=3333)
    assert (found.port, found.statements, found.pool, found.workers) == (3333, 4, 50, 0)


@pytest.mark.parametrize("text", ["prot = 1", "port = 70000", "threshold = 2", "port = = 1"])
def test_unknown_keys_wrong_values_and_broken_files_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    file = tmp_path / "casebook.toml"
    file.write_text(text)
    monkeypatch.setenv("CASEBOOK_TOML", str(file))
    with pytest.raises(SettingsError) as caught:
        load()
    assert "casebook.toml" in str(caught.value) or text.split(" ")[0] in str(caught.value)


def test_an_unknown_environment_variable_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CASEBOOK_TRESHOLD", "0.5")
    with pytest.raises(SettingsError, match="CASEBOOK_TRESHOLD"):
        load()
