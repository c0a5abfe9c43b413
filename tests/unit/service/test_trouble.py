"""A database that does not answer is said once, and so is that it answers again."""

import logging

import pytest

from rollout.service import trouble
from rollout.service.trouble import Trouble


@pytest.fixture
def said(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.WARNING)
    return caplog


def test_the_same_trouble_is_said_once_by_all_works_together(
    said: pytest.LogCaptureFixture,
) -> None:
    met = Trouble()
    for _time in range(3):
        met.met("tick", "locked")
        met.met("heartbeat", "locked")
    assert [record.levelname for record in said.records] == ["ERROR"]
    assert said.records[0].getMessage().endswith(": locked")


def test_another_reason_is_said_and_so_is_the_old_one_after_a_while(
    said: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    met = Trouble()
    met.met("tick", "locked")
    met.met("tick", "full")
    monkeypatch.setattr(trouble, "SAY_AGAIN_SECONDS", 0.0)
    met.met("tick", "full")
    assert [record.getMessage().rpartition(" ")[2] for record in said.records] == [
        "locked",
        "full",
        "full",
    ]


def test_it_is_over_when_every_work_that_met_it_is_done(said: pytest.LogCaptureFixture) -> None:
    met = Trouble()
    met.met("tick", "full")
    met.met("heartbeat", "full")
    met.over("tick")
    assert len(said.records) == 1
    met.over("heartbeat")
    assert "answers again" in said.records[-1].getMessage()
    met.over("tick")
    assert len(said.records) == 2
