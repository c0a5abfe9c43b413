"""A pack is whole or not there, and whatever is changed in it is found."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from export_fleet import NOW, hours
from full_disk import no_file_larger_than

from rollout.adapters.clock import clock_from
from rollout.application.exports import pack as packs
from rollout.application.exports.pack import MANIFEST, PackRefused
from rollout.bootstrap import Application
from rollout.settings import Settings
from rollout.store.database import Database


@pytest.fixture(scope="module")
def packed(
    fleet: Database, configuration: Settings, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    folder = tmp_path_factory.mktemp("packs") / "final"
    application(fleet, configuration).packer.make(folder, now=NOW)
    return folder


def application(database: Database, settings: Settings) -> Application:
    return Application(settings, database, clock_from(NOW.isoformat()))


def faults(database: Database, settings: Settings, folder: Path) -> list[tuple[str, str]]:
    return [
        (name, answer.said)
        for name, answers in packs.verify_pack(database, settings, folder)
        for answer in answers
        if not answer.holds
    ]


def test_it_holds_everything_and_every_file_is_verified(
    fleet: Database, configuration: Settings, packed: Path
) -> None:
    names = {path.name for path in packed.iterdir()}
    assert names >= {
        MANIFEST, "status.json", "status.pdf", "status.xlsx", "exceptions.xlsx", "machines.csv",
        "evidence.pdf", "audit.jsonl",
    }  # fmt: skip
    found = packs.verify_pack(fleet, configuration, packed)
    assert faults(fleet, configuration, packed) == []
    assert {name for name, _answers in found} == {MANIFEST} | {
        name for name in names - {MANIFEST} if not name.endswith(".stamp.json")
    }


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda folder: (folder / "machines.csv").write_text("x"), "machines.csv was changed"),
        (lambda folder: (folder / "evidence.pdf").unlink(), "evidence.pdf is missing"),
        (lambda folder: (folder / "more.txt").touch(), "more.txt is not of the pack"),
    ],
)
def test_what_was_changed_removed_or_added_is_named(
    fleet: Database, configuration: Settings, packed: Path, tmp_path: Path, change: Any, said: str
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(packed, copy)
    change(copy)
    found = faults(fleet, configuration, copy)
    assert found[0] == (MANIFEST, said)


def test_a_pack_of_the_past_is_the_same_whenever_it_is_made(
    fleet: Database, configuration: Settings, tmp_path: Path
) -> None:
    packer = application(fleet, configuration).packer
    for name in "ab":
        packer.make(tmp_path / name, now=NOW, as_of=hours(10))
    files = [path.name for path in (tmp_path / "a").iterdir()]
    assert [
        name
        for name in files
        if (tmp_path / "a" / name).read_bytes() != (tmp_path / "b" / name).read_bytes()
    ] == []


def test_a_pack_that_breaks_off_leaves_nothing(
    fleet: Database, configuration: Settings, tmp_path: Path
) -> None:
    def interrupt(name: str, _done: int, _total: int) -> None:
        if name.startswith("evidence"):
            raise KeyboardInterrupt

    packer = application(fleet, configuration).packer
    with pytest.raises(KeyboardInterrupt):
        packer.make(tmp_path / "final", now=NOW, progress=interrupt)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_there_or_is_no_pack_is_refused(
    fleet: Database, configuration: Settings, packed: Path, tmp_path: Path
) -> None:
    packer = application(fleet, configuration).packer
    with pytest.raises(PackRefused, match="name another folder"):
        packer.make(packed, now=NOW)
    with pytest.raises(PackRefused, match="is no pack"):
        packs.verify_pack(fleet, configuration, tmp_path)
    (tmp_path / MANIFEST).write_text("[]", encoding="utf-8")
    with pytest.raises(PackRefused, match="cannot be read"):
        packs.verify_pack(fleet, configuration, tmp_path)


def test_what_cannot_be_written_is_named_as_it_was_given(
    fleet: Database, configuration: Settings, tmp_path: Path
) -> None:
    folder = tmp_path / "final"
    with no_file_larger_than(2_000), pytest.raises(PackRefused, match="cannot be written") as said:
        application(fleet, configuration).packer.make(folder, now=NOW)
    assert str(folder) in str(said.value)
    assert ".part" not in str(said.value)
    assert [*tmp_path.iterdir()] == []
