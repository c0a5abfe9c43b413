"""Devices that a service shows are brought to the applications that they belong to."""

import pytest

from rollout.domain.device_matching import Expected, match
from rollout.domain.device_sightings import Sighting
from rollout.domain.personal_device import Platform

NEXT_PHONE = Sighting("u1", "iPhone", tag="new", model="iPhone")


def _phone(**more: object) -> Expected:
    return Expected(1, "u1", Platform.IOS, "iPhone", **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("known", ["tag", "device_id", "managed_id"])
def test_a_phone_that_is_to_go_is_not_mistaken_for_its_owners_next_one(known: str) -> None:
    matched = match([NEXT_PHONE], [_phone(leaving=True, **{known: "old"})])

    assert (matched.bound, matched.stray) == ({}, [NEXT_PHONE])


def test_what_was_never_seen_before_it_was_lost_is_known_by_its_owner_and_platform() -> None:
    assert match([NEXT_PHONE], [_phone(leaving=True)]).bound == {1: NEXT_PHONE}


def test_a_phone_in_use_that_was_set_up_anew_is_the_same() -> None:
    assert match([NEXT_PHONE], [_phone(tag="old")]).bound == {1: NEXT_PHONE}
