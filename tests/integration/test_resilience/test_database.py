"""While the database does not answer nothing begins; when it does, everything goes on."""

import json
import logging
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

Programme = Any
MANY = 40
"""Machines of one run, so that what is written about them needs more room than a page has."""
WAYS = {
    "full": "its disk is full: make room",
    "read-only": "it cannot be written: let this user write the file and its folder",
    "locked": "another program keeps it locked: end that program, or wait for it",
}


def said(caplog: pytest.LogCaptureFixture, words: str) -> bool:
    return any(words in record.getMessage() for record in caplog.records)


@pytest.mark.parametrize("way", WAYS)
def test_a_daemon_says_what_is_wrong_begins_nothing_and_goes_on_when_mended(
    way: str,
    programme: Programme,
    engine: Any,
    frail: Any,
    start: Callable[..., Any],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.WARNING)
    programme.populate(MANY)
    runner = start(engine, database=frail.database)
    with frail.broken(way):
        if way != "locked":  # nobody can command then, either
            programme.resume()
        programme.wait_for(lambda: said(caplog, WAYS[way]), "the message with its remedy")
        assert runner.alive
        assert engine.started == []
    programme.wait_for(
        lambda: said(caplog, "the database answers again"), "the word that it is over"
    )
    if way == "locked":
        programme.resume()
    programme.wait_for(programme.through, "the wave's end")
    assert programme.chain_holds()


@pytest.mark.parametrize("way", WAYS)
def test_a_step_whose_end_could_not_be_recorded_is_not_called_done_and_is_done_again(
    way: str,
    programme: Programme,
    engine: Any,
    frail: Any,
    start: Callable[..., Any],
    caplog: pytest.LogCaptureFixture,
) -> None:
    programme.populate(MANY)
    engine.let_go.clear()
    start(engine, database=frail.database)
    programme.resume()
    programme.wait_for(lambda: set(programme.states()) == {"verifying"}, "the claims")
    programme.wait_for(lambda: bool(engine.alive()), "the run, which begins after its claims")
    with frail.broken(way):
        engine.let_go.set()
        programme.wait_for(lambda: not engine.alive(), "the end of the run")
        programme.wait_for(lambda: said(caplog, WAYS[way]), "the message with its remedy")
        assert "verifying" in programme.states()
    programme.wait_for(programme.through, "the wave's end")
    outcomes = Counter(claim.outcome for claim in programme.claims())
    assert outcomes["done"] == MANY
    assert outcomes["not_started"] > 0
    assert outcomes.total() == MANY + outcomes["not_started"]
    assert programme.chain_holds()


def test_a_pc_is_told_to_ask_again_and_nothing_is_lost(
    programme: Programme, engine: Any, frail: Any, start: Callable[..., Any], free_port: int
) -> None:
    service = programme.settings.service.model_copy(update={"port": free_port})
    programme.settings = programme.settings.model_copy(update={"service": service})
    start(engine, database=frail.database)
    with frail.broken("read-only"):
        status, answer = ask(free_port)
        assert status == 503
        assert "cannot be written" in answer["error"]
    programme.wait_for(lambda: ask(free_port) == (200, {"action": "local"}), "an answer")


def ask(port: int) -> tuple[int, dict[str, Any]]:
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/v1/boot",
        data=json.dumps({"serial": "SN1"}).encode(),
        headers={"Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)
