"""The night's export in a mailbox of a tenant: the files as they were written, and once."""

import base64
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import export_fleet
import pytest
from export_fleet import NOW

from rollout import settings
from rollout.adapters.graph.mail import GraphMailer
from rollout.application.exports import nights
from rollout.application.exports.nights import NightlyExport
from rollout.bootstrap import Application
from rollout.settings.exports import Exports
from rollout.store.database import Database

HEAD = "head@pref.example.jp"


class Clock:
    def now(self) -> datetime:
        return NOW


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    database = export_fleet.made(tmp_path_factory.mktemp("fleet"))
    yield database
    database.close()


@pytest.fixture
def night(
    fleet: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., NightlyExport]:
    (tmp_path / "rollout.toml").write_text(
        '[programme]\nname = "移行"\nstart = 2022-11-01\ncutover = 2023-05-01\n', encoding="utf-8"
    )
    monkeypatch.setenv("ROLLOUT_CONFIG", str(tmp_path / "rollout.toml"))

    def make(post: Any, *mail: str) -> NightlyExport:
        to: dict[str, Any] = {"mail_to": (HEAD,), "mail": mail} if mail else {}
        known = Exports(folder=tmp_path / "nights", parts=("status",), **to)
        configured = settings.load().model_copy(update={"exports": known})

        def mailer() -> GraphMailer:
            return GraphMailer(post.settings, post.sender, per_minute=None)

        return NightlyExport(Application(configured, fleet, Clock()).packer, configured, mailer)

    return make


def folder_of(tmp_path: Path) -> Path:
    (found,) = nights.kept(tmp_path / "nights")
    return found


def test_the_mail_has_the_files_as_they_lie_in_the_folder_and_goes_once(
    post_with: Callable[..., Any], night: Callable[..., NightlyExport], tmp_path: Path
) -> None:
    post = post_with()
    work = night(post, "status.pdf", "status.xlsx")
    for _hour in range(2):
        work(NOW, lambda: None)
    (message,) = post.messages()
    assert message["subject"] == "移行 20221104-050000"
    assert [one["emailAddress"]["address"] for one in message["toRecipients"]] == [HEAD]
    folder = folder_of(tmp_path)
    assert str(folder) in message["body"]["content"]
    got = {one["name"]: base64.b64decode(one["contentBytes"]) for one in message["attachments"]}
    assert got == {name: (folder / name).read_bytes() for name in ("status.pdf", "status.xlsx")}


def test_what_is_too_big_stays_in_the_folder_and_the_mail_says_so(
    post_with: Callable[..., Any], night: Callable[..., NightlyExport], tmp_path: Path
) -> None:
    post = post_with()
    night(post)(NOW, lambda: None)
    folder = folder_of(tmp_path)
    (folder / "status.xlsx").write_bytes(b"x" * 2_600_000)
    (folder / "status.pdf").write_bytes(b"y" * 2_400_000)  # nearly as much as goes into one request
    night(post, "status.pdf", "status.xlsx", "status.csv")(NOW, lambda: None)
    (message,) = post.messages()
    assert [one["name"] for one in message["attachments"]] == ["status.pdf", "status.csv"]
    assert "- status.xlsx (2,600,000 B)" in message["body"]["content"]
    assert str(folder) in message["body"]["content"]
