"""A dirty asset ledger with the truth beside it.

    python -m rollout.lab.ledger_generator --machines 60 --bad 8 --seed 2022 \\
        --out inventory/sample/ledger.csv --truth inventory/sample/truth.jsonl

The truth has one JSON line per machine row: `row` as a spreadsheet numbers it, `bad` (null, or
field and kind), and the canonical values; the last line is a summary. The same arguments give the
same files. Everything streams: a million machines need no more memory than ten.
"""

import argparse
import json
import unicodedata
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random
from typing import Any, TextIO

from rollout.lab.ledger_bad import DUPLICATE, Bad, plan_bad, spoil
from rollout.lab.ledger_dirt import Typist
from rollout.lab.ledger_places import DIVISIONS
from rollout.lab.ledger_sheet import Sheet, Value, open_sheet
from rollout.lab.ledger_truth import TrueMachine, division_number, true_machine

HEADER = {
    "asset_tag": "管理番号",
    "generation": "世代",
    "model": "機種",
    "serial": "シリアル番号",
    "mac": "ＭＡＣアドレス",
    "computer_name": "コンピュータ\n名",
    "bureau": "部局",
    "division": "所属",
    "site": "庁舎・階",
    "staff_number": "職員番号",
    "owner": "氏名",
    "kana": "カナ",
    "purpose": "用途",
    "lease": "賃貸借期間",
    "may_leave": "持出可否",
    "remark": "備考",
}
TITLES = ("情報端末管理台帳（一人一台パソコン）", "令和4年4月14日現在", "")
_ABOVE = {"bureau": None, "division": "bureau", "site": None, "model": "generation",
          "lease": "generation"}  # fmt: skip


@dataclass(frozen=True)
class LedgerSpec:
    """What to generate. `dirt` is the share of fields that are typed carelessly."""

    machines: int
    seed: int = 2022
    dirt: float = 0.3
    bad: int | None = None
    encoding: str = "cp932"
    hostile: bool = False

    @property
    def bad_rows(self) -> int:
        """How many rows are truly bad: five in a thousand unless it is said."""
        return self.machines // 200 if self.bad is None else self.bad


def generate(spec: LedgerSpec, ledger: Path, truth: Path) -> dict[str, Any]:
    """Write both files; returns the summary."""
    with open_sheet(ledger, spec.encoding) as sheet, truth.open("w", encoding="utf-8") as lines:
        writer = _Writer(spec, sheet, lines, as_numbers=ledger.suffix.lower() == ".xlsx")
        return writer.write()


class _Writer:
    def __init__(self, spec: LedgerSpec, sheet: Sheet, truth: TextIO, *, as_numbers: bool) -> None:
        self._spec, self._sheet, self._truth, self._as_numbers = spec, sheet, truth, as_numbers
        self._random = Random(f"{spec.seed}/typing")
        # A workbook holds any character.
        self._charset = "utf-8" if as_numbers else spec.encoding
        self._typist = Typist(self._random, spec.dirt, self._charset)
        self._plan = plan_bad(Random(f"{spec.seed}/bad"), spec.machines, spec.bad_rows)
        self._row = 0
        self._subtotals = self._blanks = 0
        self._above: dict[str, object] = {}
        self._typed: dict[str, str] = {}

    def write(self) -> dict[str, Any]:
        for title in TITLES:
            self._append([title])
        self._append(list(HEADER.values()))
        in_bureau = 0
        for index, machine in self._machines():
            if index and self._bureau(index) != self._bureau(index - 1):
                self._subtotal("小計", in_bureau)
                in_bureau = 0
            in_bureau += 1
            self._machine(index, machine)
        self._subtotal("小計", in_bureau)
        self._subtotal("合計", self._spec.machines)
        summary = {
            "seed": self._spec.seed,
            "machines": self._spec.machines,
            "good": self._spec.machines - len(self._plan),
            "bad": len(self._plan),
            "subtotals": self._subtotals,
            "blanks": self._blanks,
            "rows": self._row,
        }
        self._truth.write(json.dumps({"summary": summary}, ensure_ascii=False) + "\n")
        return summary

    def _machines(self) -> Iterator[tuple[int, TrueMachine]]:
        for index in range(self._spec.machines):
            yield index, self._true(index)

    def _true(self, index: int) -> TrueMachine:
        spec = self._spec
        return true_machine(spec.seed, index, spec.machines, self._charset, hostile=spec.hostile)

    def _bureau(self, index: int) -> str:
        return DIVISIONS[division_number(index, self._spec.machines)][0]

    def _append(self, cells: list[Value]) -> None:
        self._row += 1
        self._sheet.append(cells)

    def _subtotal(self, word: str, count: int) -> None:
        cells: list[Value] = [""] * len(HEADER)
        cells[self._random.choice((0, 2, 6))] = word
        cells[-1] = f"{count}台"
        self._append(cells)
        self._subtotals += 1
        # A workbook ends with its last filled row: a blank one there could not be counted.
        if word == "小計" and self._random.random() < 0.3:
            self._append([""] * len(HEADER))
            self._blanks += 1

    def _machine(self, index: int, machine: TrueMachine) -> None:
        bad = self._plan.get(index)
        cells = self._type(machine, bad)
        self._append([self._as_value(name, str(cells[name]), bad) for name in HEADER])
        line = {
            "row": self._row,
            "bad": {"field": bad.field, "kind": bad.kind} if bad else None,
            **asdict(machine),
        }
        self._truth.write(json.dumps(line, ensure_ascii=False, default=str) + "\n")

    def _type(self, machine: TrueMachine, bad: Bad | None) -> dict[str, str]:
        """The cells of the row as somebody typed them."""
        clean: dict[str, object] = {
            "asset_tag": machine.asset_tag, "generation": machine.generation,
            "serial": machine.serial, "mac": machine.mac,
            "computer_name": machine.computer_name,
        }  # fmt: skip
        if bad:
            twin = None if bad.twin is None else asdict(self._true(bad.twin))
            spoil(bad, clean, twin)
        typist = self._typist
        untouched = bad.field if bad and bad.kind != DUPLICATE else None
        cells = {
            "asset_tag": typist.tag,
            "generation": typist.generation,
            "serial": typist.serial,
            "mac": typist.mac,
            "computer_name": typist.name_of_computer,
        }
        typed = {
            name: str(clean[name]) if name == untouched else write(str(clean[name]))
            for name, write in cells.items()
        }
        typed |= {
            "model": typist.words(machine.model),
            "bureau": typist.words(machine.bureau),
            "division": typist.words(machine.division),
            "site": typist.place(machine),
            "staff_number": typist.staff_number(machine.staff_number),
            "owner": typist.owner(machine),
            "kana": typist.kana(machine.kana),
            "purpose": typist.purpose(machine.purpose),
            "lease": typist.lease(machine),
            "may_leave": typist.may_leave(machine.may_leave),
            "remark": machine.remark,
        }
        if untouched in typed and untouched not in cells:
            typed[untouched] = str(clean[untouched])
        self._leave_to_the_row_above(machine, typed, untouched)
        return typed

    def _leave_to_the_row_above(
        self, machine: TrueMachine, typed: dict[str, str], untouched: str | None
    ) -> None:
        """Empty, or mark as 'as above', what the row above says already."""
        truth = {
            "bureau": machine.bureau,
            "division": machine.division,
            "site": (machine.site, machine.floor),
            "model": machine.model,
            "lease": (machine.lease_from, machine.lease_to),
            "generation": machine.generation,
        }
        changed = self._generation_changed(typed["generation"])
        for name, parent in _ABOVE.items():
            same = self._above.get(name) == truth[name] and name != untouched
            if same and (parent is None or parent not in changed) and self._typist.careless():
                typed[name] = self._typist.pick("", "", "同上", "〃")
                continue
            if self._above.get(name) != truth[name] or name == untouched:
                changed.add(name)
            # Below a bad cell nobody may write 'as above': it would be bad too.
            self._above[name] = truth[name] if name != untouched else object()

    def _generation_changed(self, typed: str) -> set[str]:
        key = unicodedata.normalize("NFKC", typed).strip().casefold()
        if not key or key == self._typed.get("generation"):
            return set()
        self._typed["generation"] = key
        return {"generation"}

    def _as_value(self, name: str, text: str, bad: Bad | None) -> Value:
        """In a workbook, digits that have lost their zeros are a number."""
        lost = name == "staff_number" or (bad is not None and bad.kind == "lost_zeros")
        if self._as_numbers and lost and text.isascii() and text.isdigit() and text[0] != "0":
            return int(text)
        return text


def main() -> None:
    """Command line of the generator."""
    parser = argparse.ArgumentParser(description="Write a dirty ledger and its truth.")
    parser.add_argument("--machines", type=int, required=True)
    parser.add_argument("--seed", type=int, default=2022)
    parser.add_argument("--dirt", type=float, default=0.3)
    parser.add_argument("--bad", type=int, default=None, help="truly bad rows")
    parser.add_argument("--encoding", default="cp932")
    parser.add_argument("--hostile", action="store_true")
    parser.add_argument("--out", type=Path, required=True, help=".csv or .xlsx")
    parser.add_argument("--truth", type=Path, required=True)
    given = parser.parse_args()
    spec = LedgerSpec(
        given.machines, given.seed, given.dirt, given.bad, given.encoding, given.hostile
    )
    generate(spec, given.out, given.truth)


if __name__ == "__main__":
    main()
