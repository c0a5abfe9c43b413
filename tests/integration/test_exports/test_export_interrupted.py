"""A full disk, Ctrl-C or a database that goes away leaves the export that was there."""

import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from export_fleet import NOW

from rollout.adapters.reports.beside import ExportFailed
from rollout.adapters.reports.exporting import Form, write
from rollout.application.exports.evidence import open_evidence
from rollout.application.exports.machines import open_machines
from rollout.settings import Settings
from rollout.store.database import Database

FORMS = [Form.CSV, Form.XLSX, Form.JSON, Form.JSONL]


@contextmanager
def no_file_larger_than(size: int) -> Iterator[None]:
    """What a full disk does: a write fails in the middle of a file."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))


def old_one(folder: Path, form: Form) -> Path:
    path = folder / f"machines.{form}"
    path.write_text("old", encoding="utf-8")
    path.with_name(path.name + ".stamp.json").write_text("old stamp", encoding="utf-8")
    return path


def is_untouched(path: Path) -> bool:
    stamp = path.with_name(path.name + ".stamp.json")
    return (
        path.read_text(encoding="utf-8") == "old"
        and stamp.read_text(encoding="utf-8") == "old stamp"
        and set(path.parent.iterdir()) == {path, stamp}
    )


@pytest.mark.parametrize("form", FORMS)
def test_a_full_disk(fleet: Database, configuration: Settings, tmp_path: Path, form: Form) -> None:
    path = old_one(tmp_path, form)
    with (
        open_machines(fleet, configuration, now=NOW) as extract,
        no_file_larger_than(4_000),
        pytest.raises(ExportFailed, match="an older export is unchanged"),
    ):
        write(path, extract, form)
    assert is_untouched(path)


def test_a_full_disk_while_paper_is_set(
    fleet: Database, configuration: Settings, tmp_path: Path
) -> None:
    path = old_one(tmp_path, Form.PDF)
    with (
        open_evidence(fleet, configuration, now=NOW) as extract,
        no_file_larger_than(4_000),
        pytest.raises(ExportFailed, match="an older export is unchanged"),
    ):
        write(path, extract, Form.PDF)
    assert is_untouched(path)


@pytest.mark.parametrize("form", FORMS)
def test_ctrl_c(fleet: Database, configuration: Settings, tmp_path: Path, form: Form) -> None:
    path = old_one(tmp_path, form)
    told: list[int] = []

    def interrupt(done: int, _total: int) -> None:
        told.append(done)
        raise KeyboardInterrupt

    with (
        open_machines(fleet, configuration, now=NOW) as extract,
        pytest.raises(KeyboardInterrupt),
    ):
        write(path, extract, form, progress=interrupt)
    assert told
    assert is_untouched(path)


BROKEN: list[Callable[[Path], Path]] = [
    lambda folder: folder,  # a folder where the file should be
    lambda folder: folder / "file" / "x.csv",  # a file where the folder should be
]


@pytest.mark.parametrize("place", BROKEN)
def test_a_place_that_cannot_be_written_is_named(
    fleet: Database, configuration: Settings, tmp_path: Path, place: Callable[[Path], Path]
) -> None:
    (tmp_path / "file").touch()
    with (
        open_machines(fleet, configuration, now=NOW) as extract,
        pytest.raises(ExportFailed, match="cannot write"),
    ):
        write(place(tmp_path), extract, Form.CSV)
