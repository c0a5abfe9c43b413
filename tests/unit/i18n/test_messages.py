"""Every text of the product can be read in Japanese, and the compiled catalogue is current."""

import ast
import gettext
import re
from functools import cache
from pathlib import Path
from string import Formatter

import pytest

from rollout.i18n import messages as making
from rollout.i18n.messages import PO, Text, marked


@cache
def used() -> list[tuple[Text, str]]:
    """Reading every source once is enough."""
    return list(making.uses())


@cache
def texts() -> dict[Text, list[str]]:
    """Every text as the catalogue knows it."""
    return making.collected(used())


def test_every_text_in_use_has_japanese_with_the_same_fields() -> None:
    assert making.complaints(texts(), making.read()) == [], "run: make messages"


def test_the_catalogue_holds_no_text_that_is_gone() -> None:
    assert sorted(set(making.read()) - set(texts()), key=str) == [], "run: make messages"


def test_the_compiled_catalogue_is_current() -> None:
    with PO.with_suffix(".mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)

    assert {
        text: compiled.pgettext(text.context, text.english)
        if text.context
        else compiled.gettext(text.english)
        for text in making.read()
    } == making.read(), "run: make messages"


def test_texts_are_found_where_they_are_used() -> None:
    found = texts()

    assert "rollout/cli/commands.py" in found[Text(None, "the version")]
    assert "rollout/domain/dates.py" in found[Text(None, "this is not a date")]
    assert "rollout/domain/machine.py" in found[Text("MachineState", "planned")]
    assert Text("MachineVerb", "fall silent") in found


def test_a_text_within_another_is_found() -> None:
    module = ast.parse("f\"{number}{_(' (pilot)') if pilot else ''}\"; _('one ' 'text'); _(word)")
    assert list(marked(module)) == [Text(None, "one text"), Text(None, " (pilot)")]


def test_a_text_without_japanese_is_named_with_its_file() -> None:
    found = {Text(None, "never translated"): ["rollout/cli/new.py"]}

    assert making.complaints(found, {}) == [
        "rollout/cli/new.py: no Japanese for 'never translated'"
    ]


@pytest.mark.parametrize("japanese", ["{number} 台", "端末", "{tag} {number}"])
def test_japanese_with_other_fields_is_refused(japanese: str) -> None:
    text = Text(None, "machine {tag}")

    assert len(making.complaints({text: ["a.py"]}, {text: japanese})) == 1


def test_fields_may_change_places_and_have_formats() -> None:
    assert making.fields("{year}-{month:02d} {who!r} {one.name}") == making.fields(
        "{one} {who} {month}月 {year}"
    )


_COUNTED_NOUN = re.compile(
    r"(?<!of )(?<!all )\{(count|machines|number|rows|days|waves|new|kept|left|size|waiting|total)"
    r"\} ((more|new|other|working) )?(machines|PCs|waves|rows|days|services|people|mails|notices"
    r"|runs|dates|causes|results|devices|orders|rules|stops|spares|problems)\b"
)
_NEVER_ONE = (
    "sheet has at most {rows} rows",
    "first {rows} rows",
    "with {number} machines a day nobody there",
    "{machines} PCs at {sites} sites in {waves} waves. The ledger",
)


@cache
def written() -> frozenset[str]:
    """Every text as it stands in the sources."""
    return frozenset(text.english for text, _file in used())


def test_a_noun_that_is_counted_has_a_form_for_one() -> None:
    bare = [text for text in written() if _COUNTED_NOUN.search(text)]

    assert [text for text in bare if not any(words in text for words in _NEVER_ONE)] == [], (
        "write {count} {count:machine|machines}"
    )


def test_words_that_depend_on_a_count_have_two_forms_beside_the_count_itself() -> None:
    formed = [text for text in written() if text != making.for_many(text)]

    assert "{count} {count:machine|machines} failed" in formed
    for text in formed:
        fields = [(name, spec or "") for _words, name, spec, _how in Formatter().parse(text)]
        shown = {name for name, spec in fields if "|" not in spec}
        for name, spec in fields:
            if "|" in spec:
                assert name in shown, text
                assert len(set(spec.split("|")) - {""}) == spec.count("|") + 1 == 2, text


def test_the_catalogue_knows_a_text_of_counts_by_its_form_for_many() -> None:
    assert Text(None, "{count} machines failed") in texts()


def test_translations_are_taken_from_a_file_of_cells(tmp_path: Path) -> None:
    cells = tmp_path / "ja.tsv"
    cells.write_text("# note\nowner\t使用者\nStep\tcapture\tデータ退避\n\n", encoding="utf-8")

    assert making.added(cells) == {
        Text(None, "owner"): "使用者",
        Text("Step", "capture"): "データ退避",
    }
