"""First passwords: one a user, on disk before it is used, for nobody else to read."""

import stat
from pathlib import Path

import pytest

from rollout.adapters.graph.passwords import PasswordFile, SecretsFileUnusable


def test_a_password_is_the_same_whenever_it_is_asked_for(tmp_path: Path) -> None:
    file = tmp_path / "first.tsv"
    first = PasswordFile(file)
    made = first.of("Sato@pref.example.jp")
    first.keep()
    first.close()

    again = PasswordFile(file)

    assert again.of("sato@PREF.example.jp") == made
    assert again.of("suzuki@pref.example.jp") != made
    again.close()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "first.tsv"
    file.touch(mode=0o644)

    with pytest.raises(SecretsFileUnusable, match="chmod 600"):
        PasswordFile(file)


def test_a_file_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    with pytest.raises(SecretsFileUnusable, match="nowhere"):
        PasswordFile(tmp_path / "nowhere" / "first.tsv")
