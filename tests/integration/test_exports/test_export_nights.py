"""The export of every night: there once, kept for so long, delivered or said why not."""

import shutil
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from export_fleet import NOW

from rollout.application.exports import nights, pack
from rollout.application.exports.nights import NightlyExport, NotDelivered
from rollout.application.exports.pack import Packer
from rollout.application.notices.mail import Later, Mail, Outcome, Refused, Taken
from rollout.bootstrap import Application
from rollout.settings import Settings
from rollout.settings.exports import Exports
from rollout.store.database import Database


class Box:
    """A mailbox that remembers."""

    def __init__(self, outcome: Outcome) -> None:
        self.outcome = outcome
        self.sent: list[Mail] = []
        self.closed = 0

    def send(self, mail: Mail) -> Outcome:
        if isinstance(self.outcome, Taken):
            self.sent.append(mail)
        return self.outcome

    def find(self, key: str) -> Any:
        return next((mail for mail in self.sent if mail.key == key), None)

    def bounces(self, since: datetime) -> list[Any]:
        return []

    def standing(self) -> Any:
        raise AssertionError

    def close(self) -> None:
        self.closed += 1


@pytest.fixture
def night(fleet: Database, configuration: Settings, tmp_path: Path) -> Callable[..., NightlyExport]:
    def make(box: Box | None = None, **values: Any) -> NightlyExport:
        known = Exports(folder=tmp_path / "nights", parts=("status", "machines"), **values)
        settings = configuration.model_copy(update={"exports": known})

        class Clock:
            def now(self) -> datetime:
                return NOW

        packer: Packer = Application(settings, fleet, Clock()).packer
        return NightlyExport(packer, settings, lambda: box or Box(Taken()))

    return make


def nothing() -> None:
    return


def test_a_night_has_one_folder_whoever_asks_how_often(
    night: Callable[..., NightlyExport], fleet: Database, tmp_path: Path
) -> None:
    work = night()
    first = work(NOW, nothing)
    assert work(NOW + timedelta(hours=1), nothing) == first
    # Tried again after midnight, before the next night begins, it is still the same night.
    assert work(NOW + timedelta(hours=20), nothing) == first
    (folder,) = nights.kept(tmp_path / "nights")
    assert folder.name == "20221104-050000"
    holds = pack.verify_pack(fleet, work.settings, folder)
    assert all(answer.holds for _name, answers in holds for answer in answers)
    work(NOW + timedelta(days=1), nothing)
    assert len(nights.kept(tmp_path / "nights")) == 2


def test_older_nights_go_and_what_was_made_by_hand_stays(
    night: Callable[..., NightlyExport], tmp_path: Path
) -> None:
    work = night(keep=2)
    folder = tmp_path / "nights"
    (folder / "final").mkdir(parents=True)
    (folder / "20200101-000000").mkdir()  # no manifest: nobody knows what it is
    for day in range(4):
        work(NOW + timedelta(days=day), nothing)
    assert sorted(path.name for path in folder.iterdir()) == [
        "20200101-000000", "20221106-050000", "20221107-050000", "final",
    ]  # fmt: skip


def test_a_copy_goes_to_the_share_and_a_share_that_is_away_is_said(
    night: Callable[..., NightlyExport], tmp_path: Path
) -> None:
    share = tmp_path / "share"
    box = Box(Taken())
    work = night(box, deliver_to=share, mail_to=("a@pref.example.jp",), mail=("status.csv",))
    for _hour in range(2):
        with pytest.raises(NotDelivered, match=f"not copied: {share} is no folder; mount"):
            work(NOW, nothing)
        # The mail went all the same, once.
        assert (share.exists(), len(box.sent)) == (False, 1)
    share.mkdir()
    work(NOW, nothing)
    assert len(box.sent) == 1
    (copy,) = share.iterdir()
    (mine,) = nights.kept(tmp_path / "nights")
    assert {path.name: path.read_bytes() for path in copy.iterdir()} == {
        path.name: path.read_bytes() for path in mine.iterdir()
    }
    shutil.rmtree(mine)


def test_a_mail_goes_once_with_the_files_that_were_named(
    night: Callable[..., NightlyExport],
) -> None:
    box = Box(Taken())
    work = night(box, mail_to=("a@pref.example.jp",), mail=("status.csv", "machines.xlsx"))
    work(NOW, nothing)
    work(NOW, nothing)
    (mail,) = box.sent
    assert mail.key == "exports/20221104-050000"
    assert [one.name for one in mail.attachments] == ["status.csv", "machines.xlsx"]
    assert box.closed == 2


@pytest.mark.parametrize(
    ("outcome", "why"),
    [(Refused("ErrorX", "no"), "ErrorX: no"), (Later(600, "too many"), "too many")],
)
def test_what_was_not_mailed_says_why(
    night: Callable[..., NightlyExport], outcome: Outcome, why: str
) -> None:
    work = night(Box(outcome), mail_to=("a@pref.example.jp",), mail=("status.csv",))
    with pytest.raises(NotDelivered, match=why):
        work(NOW, nothing)


def test_a_file_that_no_night_writes_is_named(night: Callable[..., NightlyExport]) -> None:
    work = night(Box(Taken()), mail_to=("a@pref.example.jp",), mail=("status.docx",))
    with pytest.raises(NotDelivered, match=r"status\.docx, which no night writes: .*status\.csv"):
        work(NOW, nothing)


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"mail_to": ("a@b",)}, "name a folder"),
        ({"folder": "x", "mail_to": ("a",)}, "is no address"),
        ({"folder": "x", "mail_to": ("a@b",), "mail": ("audit.csv",)}, "not among the parts"),
    ],
)
def test_settings_without_effect_are_refused(values: dict[str, Any], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        Exports(**values)
