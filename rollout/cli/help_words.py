"""The pages of `--help` in the language in force; typer writes its own words in English only.

Its columns are measured in characters, which in Japanese are two columns wide: lines are broken and
aligned by columns here.
"""

import re
from collections.abc import Iterator, Sequence

import typer
from rich.cells import cell_len
from typer.core import TyperCommand, TyperGroup

from rollout.domain.words import msgid
from rollout.i18n import _

_HEADINGS = {
    "Arguments": msgid("Arguments"),
    "Options": msgid("Options"),
    "Commands": msgid("Commands"),
}
_PHRASES = (
    (re.compile(r"Show this message and exit\."), msgid("show this page")),
    (re.compile(r"\[required\]"), msgid("[required]")),
    (re.compile(r"\[default: (?P<value>.*?)(?P<rest>; .*)?\]"), msgid("[default: {value}{rest}]")),
)
"""What typer says of an option, whole or behind the option's own text."""
_PIECE = re.compile(
    r"[（「『〔]*(?:[!-~]+|\S)[、。，．）」』〕・ー々ァィゥェォッャュョぁぃぅぇぉっゃゅょ]*|\s+"
)
"""What is not torn apart: words of Latin letters, and signs that may not begin or end a line."""
_FIRST_COLUMN = 30
_GAP = 2


class HelpInWords(typer.Context.formatter_class):  # type: ignore[valid-type, misc]
    """Writes the pages of `--help`."""

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        """The line that shows how a command is called."""
        super().write_usage(prog, args, _("Usage: ") if prefix is None else prefix)

    def write_heading(self, heading: str) -> None:
        """What stands above a list."""
        super().write_heading(_(_HEADINGS[heading]) if heading in _HEADINGS else heading)

    def write_text(self, text: str) -> None:
        """What a command does."""
        indent = " " * self.current_indent
        for place, paragraph in enumerate(re.split(r"\n\s*\n", text)):
            self.write("\n" if place else "")
            for line in _lines(paragraph, self.width - self.current_indent):
                self.write(f"{indent}{line}\n")

    def write_dl(
        self,
        rows: Sequence[tuple[str, str]],
        col_max: int = _FIRST_COLUMN,
        col_spacing: int = _GAP,
    ) -> None:
        """Names on the left, what they are on the right."""
        first = min(max((cell_len(name) for name, _text in rows), default=0), col_max) + col_spacing
        indent = " " * self.current_indent
        for name, text in rows:
            lines = list(_lines(_in_words(text), max(self.width - self.current_indent - first, 10)))
            gap = first - cell_len(name)
            if gap < col_spacing and lines:
                self.write(f"{indent}{name}\n")
                name, gap = "", first
            self.write(f"{indent}{name}{' ' * gap if lines else ''}{lines[0] if lines else ''}\n")
            for line in lines[1:]:
                self.write(f"{indent}{' ' * first}{line}\n")


class _Context(typer.Context):
    formatter_class = HelpInWords


def speak() -> None:
    """Let every page of `--help` be written so."""
    for kind in (TyperCommand, TyperGroup):
        kind.context_class = _Context


def _in_words(text: str) -> str:
    for pattern, words in _PHRASES:
        found = pattern.search(text)
        if found is not None:
            said = {name: value or "" for name, value in found.groupdict().items()}
            text = f"{text[: found.start()]}{_(words).format(**said)}{text[found.end() :]}"
    return text


def _lines(text: str, width: int) -> Iterator[str]:
    """`text` in lines of at most `width` columns, as far as its words are not longer."""
    line = ""
    for piece in _PIECE.findall(" ".join(text.split())):
        if line and cell_len(line) + cell_len(piece) > width:
            yield line.rstrip()
            line = ""
        line += piece if line else piece.lstrip()
    if line.strip():
        yield line.rstrip()
