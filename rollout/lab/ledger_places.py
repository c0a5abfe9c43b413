"""The sample prefecture: its sites, departments and kinds of PC."""

import tomllib
from dataclasses import dataclass
from datetime import date
from pathlib import Path

HEAD_OFFICE = "本庁"
REGIONAL_SITES = ("桑名", "四日市", "鈴鹿", "津", "松阪", "伊勢", "伊賀", "尾鷲", "熊野", "東京")

_DATA = Path(__file__).with_name("ledger_prefecture.toml")
PREFECTURE = tomllib.loads(_DATA.read_text(encoding="utf-8"))
"""Departments and names of the sample prefecture."""

DIVISIONS: tuple[tuple[str, str], ...] = tuple(
    (bureau, division) for bureau, names in PREFECTURE["divisions"].items() for division in names
)
"""(部局, 所属), in the order in which a ledger lists them."""


_REGIONS = {"北勢": "四日市", "中勢": "津", "南部": "尾鷲"}


def site_of(division: str) -> str:
    """Where a division sits: offices that bear the name of a place sit there."""
    for site in REGIONAL_SITES:
        if division.startswith(site):
            return site
    return _REGIONS.get(division[:2], HEAD_OFFICE)


@dataclass(frozen=True)
class Kind:
    """A generation of PC: its models with the makers of their serials, and its lease."""

    generation: str
    models: tuple[tuple[str, str], ...]
    lease_from: date
    lease_to: date


KINDS = (
    Kind(
        "DK17",
        (("Latitude 3590", "dell"), ("VersaPro VX-3", "nec")),
        date(2017, 10, 1),
        date(2022, 9, 30),
    ),
    Kind(
        "DK18",
        (("LIFEBOOK A748/S", "fujitsu"), ("VersaPro VKM17", "nec")),
        date(2018, 10, 1),
        date(2023, 9, 30),
    ),
    Kind(
        "DK19",
        (("ProBook 450 G6", "hp"), ("VersaPro VKT16", "nec")),
        date(2019, 10, 1),
        date(2024, 9, 30),
    ),
    Kind(
        "DK20",
        (("ThinkPad L13", "lenovo"), ("Latitude 5320", "dell")),
        date(2020, 10, 1),
        date(2025, 9, 30),
    ),
    Kind(
        "DK21",
        (("ThinkPad X13 Gen 2", "lenovo"), ("LIFEBOOK U9311/F", "fujitsu")),
        date(2021, 10, 1),
        date(2026, 9, 30),
    ),
)
