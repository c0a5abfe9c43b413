"""What the daemon logs: JSON with fields, lines for people, no tokens and nobody's name."""

import io
import json
import logging
import secrets
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError

from rollout.application.arrival_words import new_token
from rollout.service import logs
from rollout.store.database import Database
from rollout.store.tables import Machine, Person

log = logging.getLogger("rollout.test")


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:], root.level = handlers, level


@pytest.fixture
def stream() -> io.StringIO:
    made = io.StringIO()
    logs.structured(made)
    return made


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_is_one_json_object_with_its_fields(stream: io.StringIO) -> None:
    log.info("run %s: %s", 12, "本庁", extra={"run": 12, "site": "本庁"})
    (line,) = lines(stream)
    assert line.pop("at").endswith("Z")
    assert line == {
        "event": "run 12: 本庁", "level": "info", "logger": "rollout.test",
        "run": 12, "site": "本庁",
    }  # fmt: skip


def test_a_line_break_in_a_text_stays_in_its_line(stream: io.StringIO) -> None:
    log.warning("first\nsecond")
    (line,) = lines(stream)
    assert (line["event"], line["level"]) == ("first\nsecond", "warning")


def test_what_went_wrong_comes_with_its_traceback(stream: io.StringIO) -> None:
    try:
        raise ValueError("a defect")
    except ValueError:
        log.exception("it failed")
    (line,) = lines(stream)
    assert "ValueError: a defect" in line["exception"]


def test_other_peoples_chatter_is_left_out(stream: io.StringIO) -> None:
    for name in ("uvicorn", "apscheduler.scheduler", "alembic"):
        logging.getLogger(name).info("chatter")
    log.debug("detail")
    assert lines(stream) == []


@pytest.mark.parametrize("token", [new_token() for _ in range(5)], ids=range(5))
def test_a_token_is_hidden_wherever_it_stands(stream: io.StringIO, token: str) -> None:
    log.info("armed with %s.", token, extra={"body": f'{{"token": "{token}"}}'})
    try:
        raise ValueError(f"unknown token {token}")
    except ValueError:
        log.exception("refused")
    said = stream.getvalue()
    assert token not in said
    assert said.count(logs.HIDDEN) == 3


def test_what_operators_look_for_is_not_hidden(stream: io.StringIO) -> None:
    kept = [
        secrets.token_hex(32),
        "test_a_name_of_a_function_that_is_very_long_indeed",
        "/srv/rollout/state/runs/" + "a" * 60 + "/stdout",
        "DK20-000417",
    ]
    log.info(" ".join(kept))
    assert [word for word in kept if word not in lines(stream)[0]["event"]] == []


def test_a_statement_that_failed_is_logged_without_its_values(
    stream: io.StringIO, database: Database
) -> None:
    try:
        with database.write() as session:
            session.add(Person(staff_number="004711", name="髙橋 誠一郎"))
            session.flush()
            session.add(Person(staff_number="004711", name="髙橋 誠一郎"))
            session.flush()
    except IntegrityError:
        log.exception("results could not be recorded")
    try:
        with database.write() as session:
            session.add(Machine(asset_tag="", generation="", remark="髙橋 誠一郎", owner_id=99))
    except Exception:
        log.exception("again")
    said = stream.getvalue()
    assert "unique constraint" in said.casefold()
    for personal in ("004711", "髙橋", "誠一郎"):
        assert personal not in said


def test_people_get_the_text_alone_and_a_word_when_it_is_bad() -> None:
    said: list[str] = []
    logs.readable(said.append)
    log.info("run %s", 1)
    log.warning("wave %s halts", 2)
    log.error("token %s", new_token())
    assert said == ["run 1", "wave 2 halts  [warning]", f"token {logs.HIDDEN}  [error]"]


def test_people_read_them_in_their_language_and_collectors_in_english(
    stream: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROLLOUT_LANG", "ja")
    log.info("run %s ended: %s", 5, "successful")
    assert lines(stream)[0]["event"] == "run 5 ended: successful"
    said: list[str] = []
    logs.readable(said.append)
    log.info("run %s ended: %s", 5, "successful")
    assert said == ["実行 5 が終了しました: successful"]
