"""Stopping and resuming, failures and gates, as they are typed."""

from tests.acceptance.conftest import Terminal


def test_everything_is_stopped_listed_and_resumed(imported_desk: Terminal) -> None:
    said = imported_desk.rollout("halt", "--all")
    assert (said.code, said.err.count("\n")) == (1, 1)
    assert "--reason" in said.err
    assert imported_desk.rollout("halt", "--all", "--reason", "smoke").code == 0
    (stop,) = imported_desk.rollout("stops", "--json").json
    assert {key: stop[key] for key in ("scope", "target", "reason", "by")} == {
        "scope": "all",
        "target": "",
        "reason": "smoke",
        "by": "sato",
    }
    assert imported_desk.rollout("halt", "--all", "--reason", "again").code == 1
    assert imported_desk.rollout("resume", "--all", "--reason", "air is clear").code == 0
    assert imported_desk.rollout("stops", "--json").json == []
    assert imported_desk.rollout("audit", "verify").code == 0


def test_a_stop_reaches_exactly_one_place(imported_desk: Terminal) -> None:
    assert imported_desk.rollout("halt", "--reason", "x").code == 2
    assert imported_desk.rollout("halt", "--all", "--site", "本庁", "--reason", "x").code == 2
    said = imported_desk.rollout("halt", "--generation", "DK99", "--reason", "x")
    assert said.code == 1
    assert "DK99" in said.err


def test_a_programme_without_failures_says_so(imported_desk: Terminal) -> None:
    assert imported_desk.rollout("machine", "failures", "--json").json == []
    assert "nothing has failed" in imported_desk.rollout("machine", "failures").out


def test_a_wave_shows_its_tranches_and_gates_and_an_open_programme_overrides_nothing(
    imported_desk: Terminal,
) -> None:
    assert imported_desk.rollout("plan", "solve").code == 0
    assert imported_desk.rollout("plan", "commit").code == 0
    shown = imported_desk.rollout("wave", "show", "1", "--json").json
    assert (shown["tranche"], shown["gates"], shown["overrides"]) == (0, [], [])
    said = imported_desk.rollout("wave", "override", "1", "speed", "--reason", "x")
    assert said.code == 2
    assert "succeeded" in said.err
    said = imported_desk.rollout("wave", "override", "1", "failed", "--reason", "x")
    assert said.code == 1
    assert "no gate of it decides anything" in said.err
