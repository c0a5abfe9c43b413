"""How people type what is true: widths, dashes, spaces, eras, and lost zeros."""

import unicodedata
from datetime import date
from functools import cache
from random import Random

from rollout.domain.dates import format_era
from rollout.lab.ledger_truth import TrueMachine

_DASHES = ("-", "－", "ー", "‐", "–", "—", "―", "−", "ｰ")
_EDGES = ("", "", "", " ", "\u3000", "\u00a0", "  ")
_WIDE = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}
_PURPOSES = {
    "personal": ("一人一台", "1人1台", "個人用"),
    "shared": ("共用", "共有", "課共用"),
    "counter": ("窓口", "窓口用"),
    "spare": ("予備", "予備機"),
}


class Typist:
    """Types fields, a share `dirt` of them carelessly, in characters that `encoding` has."""

    def __init__(self, random: Random, dirt: float, encoding: str) -> None:
        self._random, self._dirt, self._encoding = random, dirt, encoding

    def careless(self) -> bool:
        """Whether the next field is typed carelessly."""
        return self._random.random() < self._dirt

    def pick(self, *candidates: str) -> str:
        """One of `candidates` that can be written."""
        possible = [text for text in candidates if _survives(text, self._encoding)]
        return self._random.choice(possible)

    def _edged(self, text: str) -> str:
        return self.pick(*_EDGES) + text + self.pick(*_EDGES)

    def tag(self, tag: str) -> str:
        """An asset tag in any spelling that is still that tag."""
        if not self.careless():
            return tag
        generation, _, digits = tag.partition("-")
        if self._random.random() < 0.3:
            digits = digits.lstrip("0").rjust(self._random.randint(3, 6), "0")
        dash = self.pick(*_DASHES, " ", " - ", "\u3000")
        return self._edged(self._width(self._case(f"{generation}{dash}{digits}")))

    def name_of_computer(self, name: str) -> str:
        """A computer name in any spelling that is still that name."""
        if not self.careless():
            return name
        return self._edged(self._width(self._case(name.replace("-", self.pick(*_DASHES)))))

    def serial(self, serial: str) -> str:
        """A serial with its case, width and edges changed, nothing else."""
        return self._edged(self._width(self._case(serial))) if self.careless() else serial

    def mac(self, mac: str) -> str:
        """An address with other separators."""
        if not self.careless():
            return mac
        digits = mac.replace(":", "")
        grouped = self.pick(
            mac.replace(":", "-"),
            digits,
            ".".join(digits[place : place + 4] for place in (0, 4, 8)),
            mac.replace(":", self.pick(*_DASHES)),
            mac.replace(":", "："),
            mac.replace(":", " "),
        )
        return self._edged(self._case(grouped))

    def generation(self, generation: str) -> str:
        """The generation, or nothing: the tag says it too."""
        if not self.careless():
            return generation
        return self.pick(generation.lower(), generation.translate(_WIDE), "", f"{generation}世代")

    def words(self, text: str) -> str:
        """A department, model or name: widths and spaces only."""
        if not self.careless() or "\n" in text:
            return text
        wide = text.translate(_WIDE).replace(" ", "\u3000")
        candidates = [text, wide, text.replace(" ", "\u3000"), text.replace(" ", "  ")]
        return self._edged(self.pick(*candidates, text))

    def kana(self, kana: str) -> str:
        """Kana in half width."""
        return self.pick(kana, half_width(kana)) if self.careless() else kana

    def place(self, machine: TrueMachine) -> str:
        """Building and floor in one cell."""
        site, floor = machine.site, machine.floor
        if machine.hostile == "site":
            return f"{site} {floor}"
        if not self.careless():
            return site + floor
        number = floor.removesuffix("階")
        wide = number.translate(_WIDE)
        forms = (f"{site} {floor}", f"{site}\u3000{wide}階", f"{site}{wide}Ｆ", f"{site} {number}F")
        return self._edged(self.pick(*forms))

    def staff_number(self, number: str | None) -> str:
        """A staff number whose zeros a spreadsheet may have eaten."""
        if number is None:
            return ""
        if not self.careless():
            return number
        return self.pick(number.lstrip("0"), number.translate(_WIDE), f" {number}")

    def owner(self, machine: TrueMachine) -> str:
        """The owner's name, with a note when the person has left."""
        if not machine.owner:
            return self.pick("", "共用", "空き") if self.careless() else ""
        name = self.words(machine.owner)
        if machine.left and machine.left_on:
            when = self.day(machine.left_on)
            return f"{name.strip()}{self.pick('(', '（', '  (')}{when}退職{self.pick(')', '）')}"
        return name

    def purpose(self, purpose: str) -> str:
        """One of the words for a purpose."""
        words = _PURPOSES.get(purpose)
        if words is None:
            return purpose
        return self.pick(*words) if self.careless() else words[0]

    def day(self, day: date) -> str:
        """A date in one of its many forms."""
        candidates = (
            format_era(day, short=True),
            format_era(day),
            f"{day:%Y/%m/%d}",
            f"{day.year}/{day.month}/{day.day}",
            format_era(day, short=True).replace(".", "/"),
            format_era(day).translate(_WIDE),
            format_era(day, short=True).translate(_WIDE),
        )
        return self.pick(*candidates) if self.careless() else candidates[0]

    def lease(self, machine: TrueMachine) -> str:
        """The lease as a range."""
        joint = self.pick("～", "〜", " ~ ", "から") if self.careless() else "～"
        return f"{self.day(machine.lease_from)}{joint}{self.day(machine.lease_to)}"

    def may_leave(self, may: bool | None) -> str:
        """Yes, no or nothing."""
        if may is None:
            return ""
        words = ("可", "○", "有") if may else ("否", "×", "不可")
        return self.pick(*words) if self.careless() else words[0]

    def _case(self, text: str) -> str:
        return text.lower() if self._random.random() < 0.3 else text

    def _width(self, text: str) -> str:
        if self._random.random() >= 0.4:
            return text
        wide = text.translate(_WIDE).replace(" ", "\u3000")
        return wide if _survives(wide, self._encoding) else text


@cache
def _half_width_table() -> dict[str, str]:
    table = {}
    for code in range(0xFF61, 0xFFA0):
        table[unicodedata.normalize("NFKC", chr(code))] = chr(code)
    return table


def half_width(kana: str) -> str:
    """Katakana in half width; voiced ones become two characters."""
    table = _half_width_table()
    out = ""
    for character in kana:
        parts = unicodedata.normalize("NFD", character)
        out += "".join(table.get(part, part) for part in parts) if parts[0] in table else character
    return out


@cache
def _survives(text: str, encoding: str) -> bool:
    try:
        return text.encode(encoding).decode(encoding) == text
    except UnicodeError:
        return False
