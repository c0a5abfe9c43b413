"""PCs that come to a door together are answered as if each had come alone."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rollout.application import arrival
from rollout.application.arrival_words import Arming, ArrivalRefused, Booting
from rollout.domain.errors import StaleState
from rollout.domain.machine import Step
from rollout.settings import SiteLimits
from rollout.store import claims, history
from rollout.store.tables import Wave

Office = Any
PCS = 3

_place = st.integers(0, PCS - 1)
_said = st.one_of(
    st.tuples(st.just("arm"), st.lists(
        st.tuples(_place, st.sampled_from(["right", "serial", "token"])), min_size=1, max_size=6)),
    st.tuples(st.just("boot"), st.lists(
        st.tuples(_place, st.sampled_from(["right", "mac", "serial"])), min_size=1, max_size=6)),
    st.tuples(st.just("check-in"), st.lists(
        st.tuples(_place, st.sampled_from(["right", "image", "boot", "serial", "token"])),
        min_size=1, max_size=6)),
)  # fmt: skip
"""A door, and who comes to it with which word: the right one, or one with something wrong in it."""

_passage = st.just(
    [("arm", [(n, "right") for n in range(PCS)]), ("boot", [(n, "right") for n in range(PCS)])]
)
_course = st.tuples(st.one_of(st.just([]), _passage), st.lists(_said, max_size=5)).map(
    lambda parts: [*parts[0], *parts[1]]
)


class Pcs:
    """Machines of one order; what they say, and what they know from earlier answers."""

    def __init__(self, office: Office, order: Any, ids: Sequence[int]) -> None:
        self.office, self.ids = office, ids
        self.tokens = [office.token(order, id_) for id_ in ids]
        self.rows = [office.machine(id_) for id_ in ids]
        self.check_in_tokens = [""] * len(ids)

    def say(self, door: str, words: Sequence[tuple[int, str]]) -> list[str]:
        """What each is answered, in words that name no machine."""
        asked = [self._word(door, place, how) for place, how in words]
        database, at = self.office.database, self.office.clock.now()
        if door == "arm":
            answers: Sequence[Any] = arrival.arm_together(database, asked, at=at)
        elif door == "boot":
            answers = arrival.boot_together(database, self.office.settings, asked, at=at)
        else:
            answers = arrival.check_in_together(database, self.office.settings, asked, at=at)
        return [self._told(place, got) for (place, _how), got in zip(words, answers, strict=True)]

    def _word(self, door: str, place: int, how: str) -> Any:
        row = self.rows[place]
        serial = "SOMEBODY-ELSE" if how == "serial" else row.serial
        if door == "arm":
            token = "unknown" if how == "token" else self.tokens[place]
            return Arming(token, serial, "boot-old")
        if door == "boot":
            return Booting(serial, "02:00:00:00:FF:FF" if how == "mac" else row.mac)
        image = self.office.settings.generation(row.generation).image
        return {
            "token": "unknown" if how == "token" else self.check_in_tokens[place],
            "serial": serial,
            "image_id": "another" if how == "image" else image,
            "boot_id": "boot-old" if how == "boot" else "boot-new",
            "host_key": f"ssh-ed25519 {row.serial}",
        }

    def _told(self, place: int, answer: Any) -> str:
        if answer is None or isinstance(answer, ArrivalRefused):
            return str(answer).replace(self.rows[place].asset_tag, "TAG")
        if answer.check_in_token:
            self.check_in_tokens[place] = answer.check_in_token
        return f"{answer.image_id} {answer.erase} {answer.check_in_token is not None}"

    def stand(self) -> list[tuple[object, ...]]:
        """What the tables hold of each of them."""
        found = []
        for id_, row in zip(self.ids, self.rows, strict=True):
            machine, (claim,) = self.office.machine(id_), self.office.claims(id_)[-1:]
            found.append(
                (machine.state, machine.attempt, machine.version, machine.cause, machine.image_id,
                 machine.boot_id, machine.host_key == f"ssh-ed25519 {row.serial}",
                 machine.last_seen_at, claim.outcome, claim.armed_at, claim.consumed_at,
                 claim.voided_at, claim.boot_id_before, claim.check_in_token_hash is None,
                 (claim.report or "").replace(row.serial or "", "SERIAL"))
            )  # fmt: skip
        return found


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(course=_course)
def test_many_are_answered_as_each_alone(
    office: Office, course: list[tuple[str, list[tuple[int, str]]]]
) -> None:
    limits = SiteLimits(at_once=100_000, machines_per_day=100_000)
    office.configure("limits", site=limits, blast_radius=100_000, runs_at_once=1_000)
    office.configure("gates", failed=100_000, failed_share=1.0, silent=100_000, silent_share=1.0)
    if not office.rows(Wave):
        office.wave()
    order, ids = office.begin(Step.REIMAGE, 2 * PCS)
    together, alone = Pcs(office, order, ids[:PCS]), Pcs(office, order, ids[PCS:])
    for door, words in course:
        answers = together.say(door, words)
        assert answers == [alone.say(door, [word])[0] for word in words]
        office.clock.forward(seconds=1)
    assert together.stand() == alone.stand()
    with office.database.read() as session:
        assert history.verify(session).holds


def test_a_group_of_tokens_is_used_as_a_whole_or_not_at_all(office: Office) -> None:
    office.wave()
    order, (first, second) = office.begin(Step.REIMAGE, 2)
    office.arm(order, first)
    epochs = [office.claims(id_)[-1].id for id_ in (first, second)]
    digests = {epoch: f"digest {epoch}" for epoch in epochs}
    with pytest.raises(StaleState), office.database.write() as session:
        claims.consume_all(session, digests, at=office.clock.now())
    assert [office.claims(id_)[-1].consumed_at for id_ in (first, second)] == [None, None]
