"""Backup, restore, doctor and forgetting by the commands that an operator types at 3 a.m."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from tests.acceptance.conftest import Terminal


class Serving:
    """`rollout serve` in a folder; `port` answers monitoring."""

    def __init__(self, terminal: Terminal) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.log = terminal.folder / "serve.log"
        self.out = terminal.folder / "serve.out"
        with self.log.open("w") as errors, self.out.open("w") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "rollout.cli", "serve"],
                cwd=terminal.folder,
                env={**os.environ, "ROLLOUT_SERVICE__PORT": str(self.port), "PYTHONUTF8": "1"},
                stdout=output,
                stderr=errors,
            )

    def ask(self, path: str) -> tuple[int, str] | None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        except ConnectionError:
            return None
        finally:
            connection.close()

    def await_ready(self) -> None:
        while (answer := self.ask("/readyz")) is None or answer[0] != 200:
            assert self.process.poll() is None, self.log.read_text()

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log.read_text(encoding="utf-8").splitlines()]


@pytest.fixture
def serving(imported_desk: Terminal) -> Iterator[Serving]:
    daemon = Serving(imported_desk)
    daemon.await_ready()
    yield daemon
    if daemon.process.poll() is None:
        daemon.process.kill()
    daemon.process.wait(timeout=60)


def tags(terminal: Terminal) -> list[str]:
    return [machine["asset_tag"] for machine in terminal.rollout("machine", "list", "--json").json]


@pytest.mark.usefixtures("serving")
def test_a_backup_is_made_and_no_restore_is_possible_while_the_daemon_works(
    imported_desk: Terminal, serving: Serving
) -> None:
    # Processes of their own: none may have the database open while another one replaces it.
    imported = Terminal(imported_desk.folder)
    made = imported.rollout("backup", "--out", "copy.db", "--json")
    assert made.code == 0, made.err
    assert made.json["bytes"] == (imported.folder / "copy.db").stat().st_size
    refused = imported.rollout("restore", "copy.db", "--yes")
    assert refused.code == 1
    assert "acts on the programme" in refused.err

    (imported.folder / "ledger.csv").write_text(
        "管理番号,世代,シリアル番号,コンピュータ名,部局,所属,庁舎・階,職員番号,氏名,用途\n"
        "DK20-000099,DK20,SN000099,PC20-00099,総務部,人事課,本庁 3階,100099,後藤 新,一人一台\n",
        encoding="utf-8",
    )
    assert imported.rollout("import", "ledger", "ledger.csv").code == 0
    assert "DK20-000099" in tags(imported)

    serving.process.send_signal(signal.SIGTERM)
    assert serving.process.wait(timeout=60) == 0, serving.log.read_text()
    asked = imported.rollout("restore", "copy.db")
    assert (asked.code, tags(imported).count("DK20-000099")) == (3, 1)
    done = imported.rollout("restore", "copy.db", "--yes")
    assert done.code == 0, done.err
    assert "kept as" in done.out
    assert "DK20-000099" not in tags(imported)
    assert imported.rollout("audit", "verify").code == 0
    assert "copy.db" in imported.rollout("stops").out


def test_a_daemon_without_a_terminal_logs_json_and_nothing_else(serving: Serving) -> None:
    status, text = serving.ask("/metrics") or (0, "")
    assert status == 200
    assert 'rollout_machines{generation="DK20",site="本庁",state="registered"}' in text
    serving.process.send_signal(signal.SIGTERM)
    assert serving.process.wait(timeout=60) == 0
    said = ["this daemon acts, by lease 1", "SIGTERM: stopping"]
    assert [line["event"] for line in serving.lines()] == said
    assert serving.out.read_text() == ""


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_doctor_tells_of_the_last_backup_in_both_languages(desk: Terminal, lang: str) -> None:
    def backup_line() -> str:
        said = desk.rollout("doctor", lang=lang)
        assert said.code == 0, said.out + said.err
        word = {"en": "last backup", "ja": "直近のバックアップ"}[lang]
        return next(line for line in said.out.splitlines() if word in line)

    assert "!" in backup_line()
    assert desk.rollout("backup", lang=lang).code == 0
    assert "✓" in backup_line()


def test_doctor_ends_with_1_only_when_there_is_a_problem(terminal: Terminal) -> None:
    assert terminal.rollout("doctor", "--json").code == 0
    (terminal.folder / "playbooks").mkdir()
    terminal.environment = {"ROLLOUT_ANSIBLE__PLAYBOOKS": "playbooks"}
    said = terminal.rollout("doctor", "--json")
    problems = [check["check"] for check in said.json if check["level"] == "problem"]
    assert (said.code, problems) == (1, ["playbooks"])
    assert "one problem" in said.err


def test_somebody_who_left_is_forgotten_after_a_preview_and_a_confirmation(
    imported_desk: Terminal,
) -> None:
    database = imported_desk.folder / "state" / "rollout.db"
    import sqlite3

    with sqlite3.connect(database) as connection:
        connection.execute("UPDATE people SET left_on = '2021-04-01' WHERE staff_number = '100001'")
        connection.execute("UPDATE machines SET in_ledger = 0 WHERE asset_tag = 'DK20-000001'")
    connection.close()
    (person,) = imported_desk.rollout("personal-data", "list", "--json").json
    assert (person["staff_number"], person["gone_since"]) == ("100001", "2021-04-01")
    command = ("personal-data", "forget", "100001", "--reason", "asked for")
    asked = imported_desk.rollout(*command)
    assert asked.code == 3
    assert "髙橋 花子" in asked.out
    assert "100001" in database.read_bytes().decode("latin-1")
    done = imported_desk.rollout(*command, "--yes", lang="ja")
    assert done.code == 0, done.err
    assert "1 人分を消去しました" in done.out
    everything = b"".join(file.read_bytes() for file in database.parent.glob("rollout.db*"))
    assert "髙橋".encode() not in everything
    assert b"100001" not in everything
    assert imported_desk.rollout("audit", "verify").code == 0
    early = imported_desk.rollout("personal-data", "forget", "100002", "--reason", "x", "--yes")
    assert (early.code, "100002 is in service" in early.err) == (1, True)
