"""A dirty list of the people of a generated ledger, and the transfers of the next 1 April.

    python -m rollout.lab.people_generator --machines 60 --seed 2022 \\
        --people inventory/sample/people.csv --transfers inventory/sample/transfers.csv

The same arguments as the ledger's give its people; the same files every time.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from random import Random

from rollout.lab.ledger_dirt import Typist
from rollout.lab.ledger_sheet import open_sheet
from rollout.lab.ledger_truth import TrueMachine, true_machine

PEOPLE = ("職員番号", "氏　名", "フリガナ", "部局", "所属", "勤務庁舎", "職名", "採用日")
TRANSFERS = ("職員番号", "氏名", "異動区分", "異動後部局", "異動後所属", "勤務庁舎", "新職",
             "発令日", "PCの取扱い")  # fmt: skip
_POSTS = ("主事", "主事", "主任", "主査", "主査", "係長", "班長", "課長")
_SHARE = 0.28
"""About so many are transferred on 1 April."""


def people_of(machines: int, seed: int, encoding: str) -> list[TrueMachine]:
    """Everybody in service who has a PC of his or her own, by department."""
    found = (true_machine(seed, index, machines, encoding) for index in range(machines))
    return [one for one in found if one.staff_number is not None and not one.left]


def write_people(people: Sequence[TrueMachine], typist: Typist, random: Random, file: Path) -> None:
    """The list of everybody, as a personnel section sends it."""
    with open_sheet(file, "cp932") as sheet:
        sheet.append(["職員名簿"])
        sheet.append(["令和4年11月1日現在", "", "", "", "取扱注意"])
        sheet.append([])
        sheet.append(PEOPLE)
        above = ("", "")
        for one in people:
            place = (one.bureau, one.division)
            bureau = typist.pick("同上", "〃", "") if one.bureau == above[0] else one.bureau
            division = typist.words(one.division)
            if place == above and typist.careless():
                division = typist.pick("同上", "〃")
            above = place
            hired = f"平成{random.randint(8, 30)}年4月1日"
            sheet.append([typist.staff_number(one.staff_number), typist.words(one.owner),
                          typist.kana(one.kana), bureau, division, one.site,
                          random.choice(_POSTS), hired])  # fmt: skip
        sheet.append(["", "", "", "合計", f"{len(people)}名"])


def write_transfers(
    people: Sequence[TrueMachine], typist: Typist, random: Random, file: Path
) -> None:
    """The list of 1 April: transfers, somebody who retires, and one row that cannot be right."""
    moving = random.sample(list(people), max(3, round(len(people) * _SHARE)))
    with open_sheet(file, "cp932") as sheet:
        sheet.append(["人事異動一覧（令和5年4月1日付け）"])
        sheet.append([])
        sheet.append(TRANSFERS)
        for turn, one in enumerate(moving):
            number = typist.staff_number(one.staff_number)
            if turn == 0:
                sheet.append([number, one.owner, "退職", "", "", "", "", "R5.3.31", ""])
                continue
            to = random.choice([other for other in people if other.division != one.division])
            day = "令和5年4月31日" if turn == 1 else typist.pick("R5.4.1", "令和5年4月1日",
                                                                "2023/4/1")  # fmt: skip
            sheet.append([number, typist.words(one.owner), "異動", to.bureau, to.division, to.site,
                          random.choice(_POSTS), day, "携行" if turn == 2 else ""])  # fmt: skip


def main() -> None:
    """Command line of the generator."""
    parser = argparse.ArgumentParser(description="Write a dirty list of people and transfers.")
    parser.add_argument("--machines", type=int, required=True)
    parser.add_argument("--seed", type=int, default=2022)
    parser.add_argument("--dirt", type=float, default=0.3)
    parser.add_argument("--people", type=Path, required=True)
    parser.add_argument("--transfers", type=Path, required=True)
    given = parser.parse_args()
    random = Random(f"{given.seed}/people")
    typist = Typist(random, given.dirt, "cp932")
    people = people_of(given.machines, given.seed, "cp932")
    write_people(people, typist, random, given.people)
    write_transfers(people, typist, random, given.transfers)


if __name__ == "__main__":
    main()
