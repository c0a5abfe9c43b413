"""Before and after every call: roles, quotas, faults and batches."""

from collections.abc import Callable
from typing import Any

import pytest

from rollout.lab.errors import LabError
from rollout.lab.graph.requests import Caller

Json = dict[str, Any]


def step(number: str, method: str, url: str, body: Any = None, **more: Any) -> Json:
    made: Json = {"id": number, "method": method, "url": url, **more}
    return (
        made
        if body is None
        else made
        | {
            "body": body,
            "headers": {"Content-Type": "application/json"},
        }
    )


def batch(ask: Any, *steps: Json) -> dict[str, Json]:
    answers = ask.ok("POST", "/$batch", {"requests": list(steps)})["responses"]
    return {answer["id"]: answer for answer in answers}


def test_a_call_needs_one_of_its_roles(ask: Any) -> None:
    ask.caller = Caller("test", frozenset({"User.Read.All"}))

    assert ask.ok("GET", "/users")["value"] == []
    assert ask.refused("GET", "/groups")[0] == 403


def test_what_is_not_modelled_is_said_so(ask: Any) -> None:
    ask.strict = False

    assert ask.refused("GET", "/me/messages") == (
        501,
        "the lab's tenant does not model GET /me/messages",
    )
    assert ask.refused("PUT", "/users", {})[0] == 405


def test_a_batch_answers_each_step_for_itself_in_any_order(ask: Any, person: Any) -> None:
    steps = [step(str(n), "POST", "/users", person(f"u{n}")) for n in range(19)]
    answers = ask.ok("POST", "/$batch", {"requests": [*steps, step("19", "GET", "/groups/none")]})

    numbers = [answer["id"] for answer in answers["responses"]]
    statuses = {answer["id"]: answer["status"] for answer in answers["responses"]}
    assert sorted(numbers, key=int) == [str(n) for n in range(20)]
    assert numbers != sorted(numbers, key=int)
    assert {statuses[str(n)] for n in range(19)} == {201}
    assert statuses["19"] == 404


@pytest.mark.parametrize(
    "steps",
    [
        [step(str(n), "GET", "/users") for n in range(21)],
        [step("1", "GET", "/users"), step("1", "GET", "/users")],
        [step("1", "GET", "/users", dependsOn=["2"]), step("2", "GET", "/users")],
        [{"id": "1", "method": "POST", "url": "/users", "body": {}}],
    ],
    ids=["more than twenty", "an id twice", "depends on a later one", "no content type"],
)
def test_a_batch_that_is_none_is_refused_whole(ask: Any, steps: list[Json]) -> None:
    ask.strict = False

    assert ask.refused("POST", "/$batch", {"requests": steps})[0] == 400


def test_what_depends_on_a_failed_step_is_not_done(ask: Any, person: Any) -> None:
    answers = batch(
        ask,
        step("1", "GET", "/users/nobody@pref.example.jp"),
        step("2", "POST", "/users", person("sato"), dependsOn=["1"]),
    )

    assert (answers["1"]["status"], answers["2"]["status"]) == (404, 424)
    assert ask.ok("GET", "/users")["value"] == []


@pytest.mark.parametrize(("told", "header"), [("always", True), ("never", False)])
def test_a_quota_is_a_window_and_says_how_long_to_wait_or_not(
    ask_tenant: Callable[..., Any], told: str, header: bool
) -> None:
    ask = ask_tenant(behaviour={"retry_after": told, "quotas": {"directory-read": [4, 10]}})

    statuses = [ask("GET", "/users").status for _ in range(3)]  # a list costs two units

    answer = ask("GET", "/users")
    assert statuses == [200, 200, 429]
    assert ("Retry-After" in answer.headers) is header
    ask.tenant.clock.advance(10)
    assert ask("GET", "/users").status == 200


def test_an_answer_may_be_lost_after_the_deed(ask_tenant: Callable[..., Any], person: Any) -> None:
    ask = ask_tenant(behaviour={"lost_answer_share": 1})

    assert ask.refused("POST", "/users", person("sato"))[0] in (503, 504)

    ask.tenant.behaviour.lost_answer_share = 0
    assert len(ask.ok("GET", "/users")["value"]) == 1


def test_an_unavailable_service_did_nothing(ask_tenant: Callable[..., Any], person: Any) -> None:
    ask = ask_tenant(behaviour={"unavailable_share": 1})

    assert ask.refused("POST", "/users", person("sato"))[0] == 503

    ask.tenant.behaviour.unavailable_share = 0
    assert ask.ok("GET", "/users")["value"] == []


@pytest.mark.parametrize("wrong", [{"no_such_fault": 1}, {"stale_share": 2}, {"retry_after": 3}])
def test_a_scenario_that_cannot_be_is_refused(ask_tenant: Callable[..., Any], wrong: Json) -> None:
    with pytest.raises(LabError):
        ask_tenant(behaviour=wrong)


def test_one_seed_gives_one_tenant(ask_tenant: Callable[..., Any], person: Any) -> None:
    def life(seed: int) -> list[Any]:
        ask = ask_tenant(seed=seed, behaviour={"unavailable_share": 0.5})
        return [ask("POST", "/users", person(f"u{n}")).status for n in range(30)]

    assert life(1) == life(1)
    assert life(1) != life(2)
