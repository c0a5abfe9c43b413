"""`python docs/make_role_readmes.py`: each role's README.md from its specs and defaults."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

ROLES = Path(__file__).resolve().parents[1] / "playbooks" / "roles"


def readme(role: Path) -> str:
    """The text for one role: what each entry point does, then every variable."""
    specs = yaml.safe_load((role / "meta" / "argument_specs.yml").read_text(encoding="utf-8"))
    entries: dict[str, Any] = specs["argument_specs"]
    lines = [f"# Role `{role.name}`", "", _written_from(role), ""]
    for name, spec in entries.items():
        lines.append(f"- **`{name}`**: {_mark_up(spec['short_description'])}.")
        lines += [f"  {_mark_up(text)}" for text in _texts(spec.get("description", []))]
    options = {n: o for spec in entries.values() for n, o in spec["options"].items()}
    if options:
        lines += [
            "",
            "## Variables",
            "",
            "| variable | type | default | meaning |",
            "|---|---|---|---|",
        ]
        lines += [_row(name, option) for name, option in options.items()]
    handlers = role / "handlers" / "main.yml"
    if handlers.exists():
        tasks = yaml.safe_load(handlers.read_text(encoding="utf-8"))
        lines += ["", "## Handlers", "", *(f"- {task['name']}" for task in tasks)]
    scripts = sorted(path.relative_to(role / "files") for path in role.glob("files/**/*.ps1"))
    if scripts:
        lines += ["", "## Scripts", "", "| script | what it does |", "|---|---|"]
        lines += [f"| `files/{script}` | {_head(role / 'files' / script)} |" for script in scripts]
    return "\n".join([*lines, ""])


def _written_from(role: Path) -> str:
    return (
        "Written from `meta/argument_specs.yml` and `defaults/main.yml` by "
        "`python docs/make_role_readmes.py`; how the steps fit together: "
        f"[docs/playbooks.md]({'../' * 3}docs/playbooks.md)."
    )


def _row(name: str, option: dict[str, Any]) -> str:
    kind = option["type"] + (f" of {option['elements']}" if "elements" in option else "")
    if "choices" in option:
        kind += ": " + ", ".join(f"`{choice}`" for choice in option["choices"])
    default = "required" if option.get("required") else f"`{_default(option['default'])}`"
    meaning = " ".join(_mark_up(text) for text in _texts(option["description"]))
    return f"| `{name}` | {kind} | {default} | {meaning} |".replace("\\|", "\\\\|")


def _default(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value or "''"
    return str(value)


def _texts(description: str | list[str]) -> list[str]:
    return [description] if isinstance(description, str) else list(description)


def _mark_up(text: str) -> str:
    """Ansible's C(code) and I(variable) in Markdown."""
    return re.sub(r"\b[CI]\(((?:[^()]|\([^()]*\))*)\)", r"`\1`", text)


def _head(script: Path) -> str:
    """The comment at the top of a script, which says what it is for."""
    text = []
    for line in script.read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            break
        if not line.startswith("# rollout-script:"):
            text.append(line.removeprefix("#").strip())
    return " ".join(text)


def main() -> None:
    """Write every README."""
    for specs in sorted(ROLES.glob("*/meta/argument_specs.yml")):
        role = specs.parents[1]
        (role / "README.md").write_text(readme(role), encoding="utf-8")


if __name__ == "__main__":
    main()
