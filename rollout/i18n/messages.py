"""Collects every text of the product into the Japanese catalogue and compiles it.

`python -m rollout.i18n.messages` (or `make messages`) rewrites `rollout.po` and `rollout.mo`,
keeps the translations there are, drops texts that are gone, and names those without Japanese.
`--add FILE` takes translations first from a file of tab-separated lines: English, Japanese, and
before them the context where there is one.

Texts are found by reading the sources: `_("...")`, `msgid("...")`, and the words of enumerations,
whose context is the name of their class (see `labels.py`). Words that depend on a count stand in
the catalogue in their form for many (see `rollout.i18n._`). Babel is needed here only, never by
the running product.
"""

import argparse
import ast
import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from string import Formatter
from typing import NamedTuple

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from rollout.i18n import LOCALES, for_many

ROOT = Path(__file__).parents[2]
ROOMS = ("rollout", "tui")
FOREIGN = ROOT / "rollout" / "lab" / "collections"
PO = LOCALES / "ja" / "LC_MESSAGES" / "rollout.po"

ALSO_LABELLED = ("Noun", "OperatorRole")
"""Enumerations whose words are shown although they are not `Described`."""
MEANING_SHOWN = ("Gate", "Lack", "Obstacle", "Part", "Why")
"""Enumerations whose sentences are shown as well as their words."""

_UNDATED = datetime(2022, 4, 14, tzinfo=UTC)
"""Dates in the header would change the files although no text did."""


class Text(NamedTuple):
    """A msgid with its context."""

    context: str | None
    english: str


def texts() -> dict[Text, list[str]]:
    """Every text of the product with the files that use it."""
    return collected(uses())


def collected(used: Iterable[tuple[Text, str]]) -> dict[Text, list[str]]:
    """The texts as the catalogue knows them, with their files."""
    found: dict[Text, list[str]] = {}
    for text, file in used:
        files = found.setdefault(text._replace(english=for_many(text.english)), [])
        if file not in files:
            files.append(file)
    return found


def uses() -> Iterator[tuple[Text, str]]:
    """Every text as it stands in the sources, with its file."""
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            if not path.is_relative_to(FOREIGN):
                module = ast.parse(path.read_text(encoding="utf-8"))
                for text in (*marked(module), *_words(module)):
                    yield text, path.relative_to(ROOT).as_posix()


def marked(module: ast.Module) -> Iterator[Text]:
    """The literals that `_` and `msgid` are called with, also within f-strings.

    Babel's own extractor reads tokens, and to Python 3.11 an f-string is a single one.
    """
    for node in ast.walk(module):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in ("_", "msgid")
            and isinstance(node.args[0], ast.Constant)
        ):
            yield Text(None, str(node.args[0].value))


def _words(module: ast.Module) -> Iterator[Text]:
    """The labels of the enumerations that a module defines."""
    for node in module.body:
        if not isinstance(node, ast.ClassDef):
            continue
        bases = {base.id for base in node.bases if isinstance(base, ast.Name)}
        if "Described" not in bases and node.name not in ALSO_LABELLED:
            continue
        for line in node.body:
            if isinstance(line, ast.Assign):
                value = ast.literal_eval(line.value)
                word, meaning = value if isinstance(value, tuple) else (value, "")
                yield Text(node.name, word.replace("_", " "))
                if node.name in MEANING_SHOWN:
                    yield Text(None, meaning)


def read(path: Path = PO) -> dict[Text, str]:
    """The translations of a catalogue file."""
    if not path.exists():
        return {}
    with path.open("rb") as file:
        catalogue = read_po(file, locale="ja", abort_invalid=True)
    return {
        Text(message.context, message.id): message.string
        for message in catalogue
        if isinstance(message.id, str) and message.id and isinstance(message.string, str)
        if message.string
    }


def made_of(found: dict[Text, list[str]], japanese: dict[Text, str]) -> Catalog:
    """The catalogue of those texts, sorted by English so that a change reads as one."""
    catalogue = Catalog(
        locale="ja",
        project="rollout",
        version="0",
        msgid_bugs_address="maintainers",
        last_translator="maintainers",
        language_team="ja",
        header_comment="# The Japanese texts of rollout. English: the msgids.",
        fuzzy=False,
        creation_date=_UNDATED,
        revision_date=_UNDATED,
    )
    for text in sorted(found, key=lambda text: (text.english, text.context or "")):
        catalogue.add(
            text.english,
            japanese.get(text, ""),
            context=text.context,
            locations=[(file, 1) for file in sorted(found[text])],
        )
    return catalogue


def compiled(catalogue: Catalog) -> bytes:
    """What gettext reads."""
    buffer = BytesIO()
    write_mo(buffer, catalogue)
    return buffer.getvalue()


def written(catalogue: Catalog) -> bytes:
    """What translators read."""
    buffer = BytesIO()
    write_po(buffer, catalogue, width=100, include_lineno=False)
    return buffer.getvalue()


def fields(text: str) -> frozenset[str]:
    """The names that `str.format` fills in."""
    return frozenset(
        name.partition(".")[0].partition("[")[0]
        for _literal, name, _spec, _conversion in Formatter().parse(text)
        if name is not None
    )


def complaints(found: dict[Text, list[str]], japanese: dict[Text, str]) -> list[str]:
    """One line for every text without Japanese or with other fields in it."""
    lines = []
    for text in sorted(found, key=lambda text: (found[text], text.english)):
        shown = f"{text.context}: {text.english!r}" if text.context else repr(text.english)
        place = ", ".join(found[text])
        if text not in japanese:
            lines.append(f"{place}: no Japanese for {shown}")
        elif fields(text.english) != fields(japanese[text]):
            lines.append(f"{place}: other {{fields}} in the Japanese of {shown}")
    return lines


def added(path: Path) -> dict[Text, str]:
    """The translations of a tab-separated file; backslash-n is a line break."""
    translations = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        *context, english, japanese = (cell.replace("\\n", "\n") for cell in line.split("\t"))
        if len(context) > 1:
            raise ValueError(f"{path}:{number}: more than three cells")
        translations[Text(context[0] or None if context else None, english)] = japanese
    return translations


def main(arguments: Sequence[str]) -> int:
    """Rewrite the catalogue; 1 when a text has no Japanese."""
    parser = argparse.ArgumentParser(prog="python -m rollout.i18n.messages")
    parser.add_argument("--add", type=Path, action="append", default=[], metavar="FILE")
    options = parser.parse_args(arguments)
    found = texts()
    japanese = read()
    for path in options.add:
        japanese |= added(path)
    catalogue = made_of(found, japanese)
    PO.parent.mkdir(parents=True, exist_ok=True)
    PO.write_bytes(written(catalogue))
    PO.with_suffix(".mo").write_bytes(compiled(catalogue))
    faults = complaints(found, japanese)
    for line in faults:
        print(line, file=sys.stderr)  # noqa: T201
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
