"""What the floors of pyproject.toml cannot say, because a contract sees whole packages only."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]


def imported(room: str) -> Iterator[tuple[str, str, str]]:
    """(file, module, name) for everything that a room imports by name."""
    for path in sorted((ROOT / room).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module:
                for name in node.names:
                    yield str(path.relative_to(ROOT)), node.module, name.name


def test_use_cases_hand_sessions_on_and_write_no_sql() -> None:
    beyond_sessions = [
        found
        for found in imported("rollout/application")
        if found[1].partition(".")[0] == "sqlmodel" and found[2] != "Session"
    ]

    assert beyond_sessions == []


def test_no_module_is_a_bag() -> None:
    bags = {"utils", "helpers", "common", "misc"}

    assert [path for path in (ROOT / "rollout").rglob("*.py") if path.stem in bags] == []
