"""Every text of the product can be read in Japanese, and the compiled catalogue is current."""

import gettext
from functools import cache
from pathlib import Path

import pytest

from rollout.i18n import messages as making
from rollout.i18n.messages import PO, Text


@cache
def texts() -> dict[Text, list[str]]:
    """Reading every source once is enough."""
    return making.texts()


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


def test_translations_are_taken_from_a_file_of_cells(tmp_path: Path) -> None:
    cells = tmp_path / "ja.tsv"
    cells.write_text("# note\nowner\t使用者\nStep\tcapture\tデータ退避\n\n", encoding="utf-8")

    assert making.added(cells) == {
        Text(None, "owner"): "使用者",
        Text("Step", "capture"): "データ退避",
    }
