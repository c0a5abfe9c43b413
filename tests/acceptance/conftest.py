"""The program as a user has it: a process, a folder with a configuration, and what it prints."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

CONFIGURATION = """
[programme]
name = "試験県"
start = 2022-11-01
cutover = 2023-05-01

[calendar]
closed = ["2022-12-29/2023-01-03"]

[pilot]
size = 3
soak_working_days = 1

[generations.DK20]
take_home = true

[generations.DK17]
path = "refresh"
"""


@dataclass(frozen=True)
class Said:
    """What one command printed, and how it ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output, which has to be one JSON document."""
        return json.loads(self.out)


@dataclass
class Terminal:
    """Somebody at a terminal in `folder`."""

    folder: Path
    environment: Mapping[str, str] = field(default_factory=dict)

    def rollout(self, *arguments: str, lang: str = "en", actor: str = "sato") -> Said:
        """Type one command."""
        ended = subprocess.run(
            [sys.executable, "-m", "rollout.cli", "--actor", actor, *arguments],
            cwd=self.folder,
            env={
                **{k: v for k, v in os.environ.items() if not k.startswith("ROLLOUT_")},
                "ROLLOUT_LANG": lang,
                "ROLLOUT_NOW": "2022-11-01T09:00:00+09:00",
                "PYTHONUTF8": "1",
                **self.environment,
            },
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=120,
            check=False,
        )
        return Said(ended.returncode, ended.stdout, ended.stderr)


@dataclass
class Desk(Terminal):
    """The same without a process for each command, where nothing depends on that: starting one
    takes longer than what it does."""

    capture: pytest.CaptureFixture[str] | None = None

    def rollout(self, *arguments: str, lang: str = "en", actor: str = "sato") -> Said:
        """Type one command."""
        from rollout.cli.entry import run

        assert self.capture is not None
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(self.folder)
            patch.setenv("ROLLOUT_NOW", "2022-11-01T09:00:00+09:00")
            patch.setenv("ROLLOUT_LANG", lang)
            self.capture.readouterr()
            code = run(["--actor", actor, *arguments])
            said = self.capture.readouterr()
        return Said(code, said.out, said.err)


@pytest.fixture(scope="session")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a configuration and an empty database, for copies: `init` takes a second."""
    folder = tmp_path_factory.mktemp("begun")
    (folder / "rollout.toml").write_text(CONFIGURATION, encoding="utf-8")
    assert Terminal(folder).rollout("init").code == 0
    return folder


@pytest.fixture
def terminal(begun: Path, tmp_path: Path) -> Terminal:
    """A folder of its own with a configuration and an empty database."""
    shutil.copytree(begun, tmp_path, dirs_exist_ok=True)
    return Terminal(tmp_path)


@pytest.fixture
def desk(begun: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Terminal:
    """The same for commands in this process."""
    shutil.copytree(begun, tmp_path, dirs_exist_ok=True)
    return Desk(tmp_path, capture=capsys)


LEDGER = """管理番号,世代,シリアル番号,MACアドレス,コンピュータ名,部局,所属,庁舎・階,職員番号,氏名,用途
ＤＫ２０－０００００１,DK20,SN000001,02-00-00-00-00-01,PC20-00001,総務部,人事課,本庁 3階,100001,髙橋 花子,一人一台
DK20-000002,DK20,SN000002,02-00-00-00-00-02,PC20-00002,総務部,人事課,本庁 3階,100002,山﨑 一郎,一人一台
DK20-000003,DK20,1.23E+10,02-00-00-00-00-03,PC20-00003,総務部,人事課,本庁 3階,100003,=cmd|' /C calc'!A0,一人一台
DK20-000004,DK20,SN000004,02-00-00-00-00-04,PC20-00004,総務部,人事課,本庁 3階,100004,[bold]{{ 7*7 }}[/bold],一人一台
DK17-000005,DK17,SN000005,02-00-00-00-00-05,PC17-00005,総務部,人事課,尾鷲 1階,100005,佐藤 次郎,一人一台
"""  # noqa: E501


@pytest.fixture(scope="session")
def with_ledger(begun: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with a small ledger in it: four good rows, one with a serial Excel has mangled."""
    folder = tmp_path_factory.mktemp("with-ledger")
    shutil.copytree(begun, folder, dirs_exist_ok=True)
    (folder / "ledger.csv").write_text(LEDGER, encoding="cp932")
    said = Terminal(folder).rollout("import", "ledger", "ledger.csv")
    assert said.code == 0, said.err
    return folder


@pytest.fixture
def imported(with_ledger: Path, tmp_path: Path) -> Terminal:
    """A folder of its own with that ledger imported."""
    shutil.copytree(with_ledger, tmp_path, dirs_exist_ok=True)
    return Terminal(tmp_path)


@pytest.fixture
def imported_desk(
    with_ledger: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> Terminal:
    """The same for commands in this process."""
    shutil.copytree(with_ledger, tmp_path, dirs_exist_ok=True)
    return Desk(tmp_path, capture=capsys)
