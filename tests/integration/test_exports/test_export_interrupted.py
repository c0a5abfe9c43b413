"""A full disk, Ctrl-C or a database that goes away leaves the export that was there."""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from export_fleet import NOW
from full_disk import no_file_larger_than

from rollout.adapters.reports.beside import ExportFailed
from rollout.adapters.reports.exporting import Form, write
from rollout.application.exports import stamp
from rollout.application.exports.evidence import open_evidence
from rollout.application.exports.machines import open_machines
from rollout.settings import Settings
from rollout.store.database import Database

BLOCK = 4096
FORMS = [Form.CSV, Form.XLSX, Form.JSON, Form.JSONL]


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


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_what_is_no_file_keeps_its_place(
    fleet: Database, configuration: Settings, tmp_path: Path, make: Callable[[Path], None]
) -> None:
    make(tmp_path / "stdout")
    before = (tmp_path / "stdout").lstat()
    with (
        open_machines(fleet, configuration, now=NOW) as extract,
        pytest.raises(ExportFailed, match="something else than a file"),
    ):
        write(tmp_path / "stdout", extract, Form.CSV)
    assert (tmp_path / "stdout").lstat() == before
    assert list(tmp_path.iterdir()) == [tmp_path / "stdout"]


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


@contextmanager
def disk(place: Path, size: int) -> Iterator[Path]:
    """A disk of its own that is really full when it is full."""
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(place)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("only who may mount has a disk to fill")
    try:
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=True)


@pytest.mark.parametrize("form", [Form.CSV, Form.XLSX])
def test_wherever_the_disk_is_full_export_and_stamp_are_both_the_old_ones_or_both_new(
    fleet: Database, configuration: Settings, tmp_path: Path, form: Form
) -> None:
    failed = 0
    with disk(tmp_path / "disk", 64 * BLOCK) as folder:
        path, filling = old_one(folder, form), folder / "filling"
        for blocks in range(40):
            filling.write_bytes(b"")
            room = os.statvfs(folder).f_bavail - blocks
            filling.write_bytes(b"x" * (room * BLOCK))
            with open_machines(fleet, configuration, now=NOW) as extract:
                try:
                    write(path, extract, form)
                except ExportFailed:
                    failed += 1
                    filling.unlink()
                    assert is_untouched(path)
                else:
                    break
        made = stamp.read(path)
        assert (made.sha256, made.size) == stamp.digest(path)
        assert set(folder.iterdir()) == {path, stamp.beside(path), filling}
    assert failed > 3


def test_a_full_disk_on_which_sheets_are_put_together_is_named_and_not_that_of_the_book(
    fleet: Database, configuration: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "books").mkdir()
    path = old_one(tmp_path / "books", Form.XLSX)
    with disk(tmp_path / "aside", 4 * BLOCK) as aside:
        monkeypatch.setattr(tempfile, "tempdir", str(aside))
        with (
            open_machines(fleet, configuration, now=NOW) as extract,
            pytest.raises(ExportFailed, match=f"in {re.escape(str(aside))}: .*set TMPDIR"),
        ):
            write(path, extract, Form.XLSX)
        assert [*aside.iterdir()] == []
    assert is_untouched(path)


def test_who_reads_the_older_export_reads_it_to_its_end(
    fleet: Database, configuration: Settings, tmp_path: Path
) -> None:
    path = old_one(tmp_path, Form.CSV)
    with path.open(encoding="utf-8") as kept_open:
        assert kept_open.read(1) == "o"
        with open_machines(fleet, configuration, now=NOW) as extract:
            write(path, extract, Form.CSV)
        assert kept_open.read() == "ld"
    assert path.stat().st_size > 1_000


BROKEN: list[Callable[[Path], Path]] = [
    lambda folder: folder,  # a folder where the file should be
    lambda folder: folder / "file" / "x.csv",  # a file where the folder should be
    lambda _folder: Path("/proc/x.csv"),  # a folder in which nobody may write
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
