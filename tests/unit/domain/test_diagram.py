"""The architecture page shows the tables as they are."""

import re
from pathlib import Path

import pytest

from rollout.domain import diagram
from rollout.domain.diagram import LIFECYCLES, mermaid, rewrite, words
from rollout.domain.lifecycle import Back, Lifecycle
from rollout.domain.noun import Noun

PAGE = Path(__file__).parents[3] / "docs" / "architecture.md"
every_lifecycle = pytest.mark.parametrize("lifecycle", LIFECYCLES.values(), ids=LIFECYCLES.keys())


def test_the_architecture_page_is_not_stale() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert rewrite(text) == text, "run `make docs`"
    for noun in LIFECYCLES:
        assert f"<!-- generated: {noun} -->" in text


@every_lifecycle
def test_the_diagram_has_every_move_and_no_other(lifecycle: Lifecycle) -> None:
    boxes = dict(re.findall(r'state "(.*)" as (\w+)', mermaid(lifecycle)))
    boxes = {name: said for said, name in boxes.items()}
    drawn = set()
    for source, target, verb in re.findall(r"(\w+) --> (\w+): (.+)", mermaid(lifecycle)):
        for one in boxes.get(source, source).split(", "):
            drawn.add((one, verb.replace(" ", "_"), boxes.get(target, target)))
    assert drawn == {
        (str(state), str(verb), target.value if isinstance(target, Back) else str(target))
        for (state, verb), target in lifecycle.moves.items()
    }


@every_lifecycle
def test_every_word_is_explained(lifecycle: Lifecycle) -> None:
    text = words(lifecycle)
    for word in (*lifecycle.states, *lifecycle.verbs):
        assert f"| `{word}` | {word.meaning} |" in text  # type: ignore[attr-defined]


def test_the_command_rewrites_only_what_is_generated(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- generated: run -->\nold\n<!-- end: run -->\nafter\n")
    assert diagram.main([str(page)]) == 0
    text = page.read_text()
    assert text.startswith("before\n<!-- generated: run -->\n```mermaid\nstateDiagram-v2\n")
    assert text.endswith("<!-- end: run -->\nafter\n")
    assert "old" not in text


@pytest.mark.parametrize("text", ["nothing", "<!-- generated: moon -->\n<!-- end: moon -->"])
def test_a_page_that_cannot_be_rewritten_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"no generated part|no lifecycle of 'moon'"):
        rewrite(text)


@every_lifecycle
def test_an_error_can_name_what_it_is_about(lifecycle: Lifecycle) -> None:
    assert Noun(lifecycle.noun)
