"""Plausible names, with the ideographs that give trouble."""

from random import Random

from rollout.lab.ledger_places import PREFECTURE


def _pairs(names: list[str]) -> list[tuple[str, str]]:
    return [(kanji, kana) for kanji, _, kana in (name.partition(" ") for name in names)]


_NAMES = PREFECTURE["names"]
_SURNAMES = _pairs(_NAMES["surnames"])
_MORE_SURNAMES = _pairs(_NAMES["surnames_outside_cp932"])
_GIVEN = _pairs(_NAMES["given"])


def person(random: Random, encoding: str) -> tuple[str, str]:
    """A name and its kana, both writable in `encoding`."""
    surnames = _SURNAMES if encoding == "cp932" else _SURNAMES + _MORE_SURNAMES
    surname, surname_kana = random.choice(surnames)
    given, given_kana = random.choice(_GIVEN)
    return f"{surname} {given}", f"{surname_kana} {given_kana}"
