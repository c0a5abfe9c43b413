"""The asset ledger of a simulated prefecture: 15 sites, five generations, one PC per person."""

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random

SITES = (
    ("本庁", 0.42),
    ("四日市", 0.09),
    ("津", 0.08),
    ("松阪", 0.06),
    ("伊勢", 0.06),
    ("鈴鹿", 0.05),
    ("桑名", 0.05),
    ("伊賀", 0.04),
    ("亀山", 0.03),
    ("名張", 0.03),
    ("志摩", 0.03),
    ("鳥羽", 0.02),
    ("尾鷲", 0.02),
    ("熊野", 0.015),
    ("東京", 0.005),
)
"""Each with its share of the machines."""

Places = Sequence[tuple[str, float]]
"""Sites, each with its share of the machines."""

SLOW = frozenset({"尾鷲", "熊野"})
"""Sites on thin lines: everything takes longer."""

_GENERATIONS = {"DK21": 0.25, "DK20": 0.25, "DK19": 0.2, "DK18": 0.2, "DK17": 0.1}
_NUMBERS = 999_999
"""A tag has six digits; of more machines some share their number with one of another generation."""
_BUREAUS = (
    "総務部", "防災対策部", "戦略企画部", "地域連携部", "医療保健部", "子ども福祉部",
    "環境生活部", "農林水産部", "雇用経済部", "県土整備部", "出納局", "企業庁", "病院事業庁",
    "教育委員会", "議会事務局",
)  # fmt: skip
_DIVISIONS = ("総務課", "企画課", "管理課", "推進課", "調整課", "事業課", "支援課")
_FAMILY = ("佐藤", "鈴木", "伊藤", "山本", "中村", "小林", "加藤", "山田", "田中", "水谷")
_GIVEN = ("健一", "美咲", "大輔", "陽子", "翔", "由紀", "誠", "恵", "直樹", "さくら")
_HEADER = ("管理番号", "世代", "シリアル番号", "ＭＡＣアドレス", "コンピュータ名", "部局", "所属",
           "庁舎・階", "職員番号", "氏名", "用途")  # fmt: skip


def write(file: Path, machines: int, seed: int, places: Places = SITES) -> None:
    """Write a clean ledger of so many machines; the same for the same seed."""
    with file.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.writer(handle)
        writer.writerow(_HEADER)
        writer.writerows(_rows(machines, Random(seed), places))  # noqa: S311


def _rows(machines: int, random: Random, places: Places) -> Iterator[tuple[str, ...]]:
    sites = [site for site, _share in places]
    shares = [share for _site, share in places]
    first_person = 10 ** (len(str(machines + 100_000)) - 1)
    twice: dict[int, str] = {}
    for number in range(1, machines + 1):
        # Every site has a machine, however few there are.
        site = sites[number - 1] if number <= len(sites) else random.choices(sites, shares)[0]
        generation = random.choices(list(_GENERATIONS), list(_GENERATIONS.values()))[0]
        digits = (number - 1) % _NUMBERS + 1
        if number <= machines - _NUMBERS:
            twice[number] = generation
        elif number > _NUMBERS:
            generation = next(other for other in _GENERATIONS if other != twice[digits])
        yield (
            f"{generation}-{digits:06d}",
            generation,
            f"SIM{number:07d}",
            _mac(number),
            f"MIE{number:06d}",
            random.choice(_BUREAUS),
            random.choice(_DIVISIONS),
            f"{site} {random.randint(1, 8)}階",
            f"{first_person + number}",
            f"{random.choice(_FAMILY)}　{random.choice(_GIVEN)}",
            "一人一台",
        )


def _mac(number: int) -> str:
    """A locally administered address, so that it is nobody's."""
    digits = f"{0x0200_0000_0000 + number:012X}"
    return ":".join(digits[at : at + 2] for at in range(0, 12, 2))
