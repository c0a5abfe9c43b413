"""What is true of each machine of a generated ledger, before anybody types it."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random

from rollout.lab.ledger_people import person
from rollout.lab.ledger_places import DIVISIONS, HEAD_OFFICE, KINDS, site_of

_BASE36 = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZ"
_FIRST_NUMBER = 401
_ADDRESS_BLOCKS = ("001B44", "3C5282", "E4A8DF", "9C7BEF")
_PURPOSES = ("personal",) * 88 + ("shared",) * 6 + ("counter",) * 4 + ("spare",) * 2
_REMARKS = (
    *("",) * 12,
    "モニタ2台",
    "キーボード交換済\nマウス無し",
    '"至急" 要確認',
    "ＬＡＮ,１Ｆ受付横",
    "R4.3 電池交換",
)

HOSTILE = (
    "{{ 7*7 }}",
    "{% for x in y %}",
    "[bold]markup[/]",
    "=cmd|' /C calc'!A0",
    "\"double\" 'single'",
    "一行目\n二行目",
    "../../etc/passwd",
    "'; DROP TABLE machines; --",
    "<script>alert(1)</script>",
    "$(touch /tmp/owned) `id`",
)
"""Texts that must end as the same text wherever they go."""
HOSTILE_FIELDS = ("remark", "owner", "kana", "model", "division", "bureau", "purpose", "site")


@dataclass
class TrueMachine:
    """The canonical values of one machine, named as the import names them."""

    asset_tag: str
    generation: str
    model: str
    serial: str
    mac: str
    computer_name: str
    bureau: str
    division: str
    site: str
    floor: str
    staff_number: str | None
    owner: str
    kana: str
    purpose: str
    lease_from: date
    lease_to: date
    may_leave: bool | None
    remark: str
    left: bool = False
    left_on: date | None = None
    hostile: str | None = field(default=None, compare=False)


def true_machine(
    seed: int, index: int, size: int, encoding: str, *, hostile: bool = False
) -> TrueMachine:
    """Machine `index` of a ledger of `size`: always the same for the same arguments."""
    random = Random(f"{seed}/{index}")
    kind = Random(f"{seed}/block/{index // len(KINDS)}").sample(KINDS, len(KINDS))[
        index % len(KINDS)
    ]
    number = _FIRST_NUMBER + index // len(KINDS)
    model, maker = random.choice(kind.models)
    place = division_number(index, size)
    bureau, division = DIVISIONS[place]
    site = site_of(division)
    purpose = random.choice(_PURPOSES)
    owner, kana, staff_number = "", "", None
    left, left_on = False, None
    if purpose == "personal" and random.random() > 0.02:
        owner, kana = person(random, encoding)
        staff_number = f"{index + 1:06d}"
        if random.random() < 0.02:
            left = True
            left_on = date(2022, 3, 31) - timedelta(days=random.randrange(300))
    machine = TrueMachine(
        asset_tag=f"{kind.generation}-{number:06d}",
        generation=kind.generation,
        model=model,
        serial=_serial(maker, seed, index),
        mac=_address(random, index),
        computer_name=f"PC{kind.generation[2:]}-{number:05d}",
        bureau=bureau,
        division=division,
        site=site,
        floor=f"{random.randint(1, 8 if site == HEAD_OFFICE else 4)}階",
        staff_number=staff_number,
        owner=owner,
        kana=kana,
        purpose=purpose,
        lease_from=kind.lease_from,
        lease_to=kind.lease_to,
        may_leave=None if random.random() < 0.02 else kind.generation in ("DK20", "DK21"),
        remark=random.choice(_REMARKS),
        left=left,
        left_on=left_on,
    )
    if hostile and index % 3 == 0:
        _make_hostile(machine, index // 3)
    return machine


def division_number(index: int, size: int) -> int:
    """Divisions stand in order; a small ledger has some of them, from all bureaus."""
    used = min(len(DIVISIONS), max(3, size // 4))
    # The last of each stretch: regional offices stand at the end of their bureau.
    return (index * used // size + 1) * len(DIVISIONS) // used - 1


def _make_hostile(machine: TrueMachine, turn: int) -> None:
    name = HOSTILE_FIELDS[turn % len(HOSTILE_FIELDS)]
    if name in ("owner", "kana") and machine.staff_number is None:
        name = "remark"
    setattr(machine, name, HOSTILE[turn // len(HOSTILE_FIELDS) % len(HOSTILE)])
    machine.hostile = name


def _serial(maker: str, seed: int, index: int) -> str:
    """A serial that no other index has: the factor is prime to both sizes."""
    if maker == "nec":
        digits = (index * 7919 + seed) % 1_000_000 or 1_000_000
        return f"{digits:08d}"
    rest, letters = (index * 7919 + seed) % len(_BASE36) ** 5, ""
    for _ in range(5):
        rest, digit = divmod(rest, len(_BASE36))
        letters = _BASE36[digit] + letters
    return {"lenovo": "PF2", "hp": "5CG", "dell": "JX", "fujitsu": "R9X0"}[maker] + letters


def _address(random: Random, index: int) -> str:
    digits = f"{random.choice(_ADDRESS_BLOCKS)}{index:06X}"
    return ":".join(digits[place : place + 2] for place in range(0, 12, 2))
