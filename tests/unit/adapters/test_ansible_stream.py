"""Only an explicit word of Ansible makes a run successful; everything else is a crash."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollout.adapters.ansible.stream import (
    LONGEST_LINE,
    End,
    Garbage,
    Reader,
    verdict,
)

NOW = datetime(2022, 11, 1, tzinfo=UTC)
STATS = {"processed": {"m1": 1}, "failures": {}, "dark": {}}
OK = ["ok", 1, "Say hello", 0.5, None, None]
END = {"end": {"status": "successful", "code": 0, "stats": STATS, "error": None}}


def reader(secrets=()):
    return Reader(7, frozenset({1, 2}), secrets)


def lines(*values):
    return b"".join(json.dumps(value).encode() + b"\n" for value in values)


@given(st.lists(st.integers(1, 40), max_size=20))
def test_lines_may_arrive_in_any_pieces(sizes):
    data = lines(
        OK, ["failed", 2, "名前", None, "だめ", None], ["changed", 1, "c", 1, None, {"a": 1}]
    )
    read = reader()
    events = []
    for size in sizes:
        events += read.feed(data[:size], NOW)
        data = data[size:]
    events += read.feed(data, NOW)
    read.close()
    assert [(e.counter, e.machine_id, e.status) for e in events] == [
        (1, 1, "ok"),
        (2, 2, "failed"),
        (3, 1, "changed"),
    ]
    assert events[1].message == "だめ"
    assert events[2].report == {"a": 1}
    assert {e.run_id for e in events} == {7}


@pytest.mark.parametrize(
    "line",
    [
        b"hello\n",
        b"\xff\xfe\n",
        b"[]\n",
        b"null\n",
        b"\n",
        lines(["fine", 1, "t", None, None, None]),
        lines(["ok", 3, "a machine that is not of the run", None, None, None]),
        lines(["ok", "1", "t", None, None, None]),
        lines(["ok", 1, "t", None, None, "no report"]),
        lines({"end": "successful"}),
        lines(END, OK),
        lines(END, END),
        b"x" * (LONGEST_LINE + 1),
    ],
)
def test_anything_but_a_line_of_the_child_is_garbage(line):
    with pytest.raises(Garbage):
        reader().feed(line, NOW)


def test_a_stream_cut_in_a_line_is_garbage():
    read = reader()
    read.feed(lines(END)[:-5], NOW)
    with pytest.raises(Garbage):
        read.close()
    assert read.end is None


def test_secrets_never_leave_the_stream():
    secret = 'tök"en-1234567'
    read = reader([secret, "short"])
    line = ["failed", 1, f"t {secret}", None, f"it was {secret}, short", {"x": secret}]
    for form in (json.dumps(line), json.dumps(line, ensure_ascii=False)):
        (event,) = read.feed(form.encode() + b"\n", NOW)
        assert secret not in repr(event)
        assert "1234567" not in repr(event)
        assert "********, short" in event.message


def end(status="successful", code=0, stats=STATS, error=None):
    return End(status, code, stats, error)


def test_successful_needs_every_sign():
    assert verdict(end(), 0) == ("successful", None)


@pytest.mark.parametrize(
    ("last", "exit_code"),
    [
        (None, 0),
        (None, -9),
        (end(), 1),
        (end(), -9),
        (end(), None),
        (end(stats=None), 0),
        (end(code=None), 0),
        (end(status="failed", code=None, stats=None), 0),
        (end(status="failed", code=1), 0),
        (end(status="timeout", code=254, stats={**STATS, "failures": {"m1": 1}}), 0),
        (end(error="OSError: disk full"), 0),
    ],
)
def test_without_an_explicit_word_it_is_a_crash_with_a_message(last, exit_code):
    how, message = verdict(last, exit_code)
    assert how == "crashed"
    assert message


@pytest.mark.parametrize("kind", ["failures", "dark"])
@pytest.mark.parametrize(("status", "code"), [("failed", 2), ("failed", 4), ("successful", 0)])
def test_failed_machines_make_a_failed_run(kind, status, code):
    how, message = verdict(end(status, code, {**STATS, kind: {"m1": 1}}), 0)
    assert how == "failed"
    assert "1" in message
