"""docs/configuration.md is what the settings say."""

from pathlib import Path

from rollout.settings.reference import main, reference

PAGE = Path(__file__).parents[2] / "docs" / "configuration.md"


def test_the_page_is_as_new_as_the_settings() -> None:
    assert PAGE.read_text(encoding="utf-8") == reference(), "run: make docs"


def test_the_command_writes_the_page(tmp_path: Path) -> None:
    page = tmp_path / "configuration.md"

    assert main([str(page)]) == 0
    assert page.read_text(encoding="utf-8") == reference()


def test_every_key_has_a_meaning() -> None:
    rows = [line for line in reference().splitlines() if line.startswith("| `")]

    assert len(rows) > 30
    assert [row for row in rows if row.endswith("|  |")] == []
