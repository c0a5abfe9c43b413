"""`rollout run show` says in the reader's language what the run did and how each task ended."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import databases
import pytest
from organisations import twelve_machines

from rollout import i18n
from rollout.cli.entry import run as rollout
from rollout.domain.run import RunPurpose, RunState
from rollout.store.database import Database
from rollout.store.tables import HostResult, Run

AT = datetime(2022, 11, 1, tzinfo=UTC)


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    (tmp_path / "rollout.toml").write_text(
        "[programme]\nstart = 2022-11-01\ncutover = 2023-05-01\n", encoding="utf-8"
    )
    opened = databases.migrated(tmp_path / "rollout.db")
    monkeypatch.setenv("ROLLOUT_CONFIG", str(tmp_path / "rollout.toml"))
    monkeypatch.setenv("ROLLOUT_DATABASE_URL", opened.url)
    monkeypatch.setattr(i18n, "_chosen", [])
    with opened.write() as session:
        twelve_machines(session, at=AT)
    yield opened
    opened.close()


@pytest.mark.parametrize(
    ("lang", "heading", "ended"),
    [
        ("ja", "実行 1: 再測定、異常終了 – 時間切れ", "接続不可"),
        ("en", "run 1: recheck, crashed – 時間切れ", "unreachable"),
    ],
)
def test_a_run_of_no_step_is_called_what_it_is(
    database: Database,
    lang: str,
    heading: str,
    ended: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with database.write() as session:
        session.add(
            Run(
                ident="one", purpose=RunPurpose.RECHECK, size=1, lease_epoch=1, created_at=AT,
                state=RunState.CRASHED, state_since=AT, cause="時間切れ\x1b[31m",
            )
        )  # fmt: skip
        session.flush()
        session.add(
            HostResult(
                run_id=1, machine_id=1, counter=1, task="検証", status="unreachable",
                message="", at=AT,
            )
        )  # fmt: skip
    monkeypatch.setenv("ROLLOUT_LANG", lang)
    assert rollout(["run", "show", "1"]) == 0
    said = capsys.readouterr().out
    assert said.startswith(heading)
    assert ended in said
    assert "\x1b" not in said
