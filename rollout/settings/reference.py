"""The reference of the configuration, written from the settings themselves.

`python -m rollout.settings.reference docs/configuration.md` writes it; a test fails when the file
is older than the settings.
"""

import ast
import inspect
import sys
import textwrap
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from rollout.settings import DateRange, Section, Settings, shipped

_HEAD = """\
# Configuration

Written by `python -m rollout.settings.reference`: change `rollout/settings/`, not this page.

`rollout.toml` in the working folder, or the file that `ROLLOUT_CONFIG` names; `rollout init` makes
one, and `inventory/sample/rollout.toml` is a full example. Relative paths start at the folder of
that file. A key that is not listed here is refused, and so is a value that makes no sense.

Every key can be overridden from the environment: `ROLLOUT_` and the key in capitals, with two
underscores where the key goes down one table, such as `ROLLOUT_SERVICE__PORT=8443` or
`ROLLOUT_LIMITS__SITE__AT_ONCE=5`. Also read from the environment: `ROLLOUT_LANG` (`ja` or `en`;
else the locale decides) and `ROLLOUT_NOW` (the programme's clock, such as
`2022-11-01T09:00+09:00`).
"""

_TABLE_HEAD = "| key | value | default | meaning |\n|---|---|---|---|\n"


def reference() -> str:
    """The whole page as Markdown."""
    return "\n".join([_HEAD, *_parts(Settings)])


def _parts(model: type[BaseModel]) -> Iterator[str]:
    top = {name: field for name, field in model.model_fields.items() if _section(field) is None}
    yield "## At the top of the file\n\n" + _table(model, top)
    for name, field in model.model_fields.items():
        section = _section(field)
        if section is not None:
            yield from _chapter(_place(name, field, section), section)


def _chapter(place: str, section: type[Section], introduction: str | None = None) -> Iterator[str]:
    plain = {name: field for name, field in section.model_fields.items() if _section(field) is None}
    yield f"## `[{place}]`\n\n{introduction or _introduction(section)}{_table(section, plain)}"
    meanings = _meanings(section)
    for name, field in section.model_fields.items():
        inner = _section(field)
        if inner is not None:
            yield from _chapter(f"{place}.{name}", inner, f"{meanings[name]}\n\n")


def _place(name: str, field: FieldInfo, section: type[Section]) -> str:
    """The table's name: a table by name where the settings have a dictionary of sections."""
    if get_origin(field.annotation) is not dict:
        return name
    written = (section.__doc__ or "").partition("`[")[2].partition("]`")[0]
    return written if written.startswith(f"{name}.") else f"{name}.NAME"


def _introduction(section: type[Section]) -> str:
    """What the docstring says beside the table's name."""
    text = " ".join((section.__doc__ or "").split())
    if text.startswith("`["):
        text = text.partition("]`")[2].lstrip(":; ")
    return f"{text[0].upper()}{text[1:].rstrip('.')}.\n\n" if text else ""


def _section(field: FieldInfo) -> type[Section] | None:
    """The section that a field holds, alone or by name; None when it holds a value."""
    found = field.annotation
    if get_origin(found) is dict:
        found = get_args(found)[1]
    if isinstance(found, type) and issubclass(found, Section) and found is not DateRange:
        return found
    return None


def _meanings(model: type[BaseModel]) -> dict[str, str]:
    """The docstrings below the fields of a section, also of those that it inherits.

    Pydantic would read them too, at every start of the program.
    """
    found: dict[str, str] = {}
    for base in reversed(model.__mro__):
        if not issubclass(base, BaseModel) or base.__module__.startswith("pydantic"):
            continue
        tree = ast.parse(textwrap.dedent(inspect.getsource(base)))
        body = next(node.body for node in ast.walk(tree) if isinstance(node, ast.ClassDef))
        for field, below in pairwise(body):
            match field, below:
                case (
                    ast.AnnAssign(target=ast.Name(id=name)),
                    ast.Expr(value=ast.Constant(value=str(text))),
                ):
                    found[name] = inspect.cleandoc(text)
    return found


def _table(model: type[BaseModel], fields: dict[str, FieldInfo]) -> str:
    meanings = _meanings(model)
    rows = (
        f"| `{name}` | {_kind(field.annotation)}{_bounds(field)} | {_default(field)} "
        f"| {_cell(meanings.get(name, ''))} |\n"
        for name, field in fields.items()
    )
    return _TABLE_HEAD + "".join(rows)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


_KINDS = {
    "str": "text",
    "int": "whole number",
    "float": "number",
    "bool": "true or false",
    "date": "date",
    "Path": "path",
    "DateRange": '"first day/last day" or one day',
    "Better": "more or less",
    "CloudService": "service of a person",
    "NoticeKind": "kind of notice",
    "Part": "part of readiness",
    "Platform": "platform of a device",
    "Step": "step",
    "NoneType": "nothing",
}


def _kind(annotation: Any) -> str:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return " or ".join(f'"{word}"' for word in arguments)
    if origin in (Union, UnionType):
        return " or ".join(_kind(part) for part in arguments if part is not type(None))
    if origin is tuple:
        return f"list of {_kind(arguments[0])}"
    if origin is dict:
        return f"table of {_kind(arguments[1])}"
    if origin is not None:  # Annotated inside a container
        return _kind(arguments[0])
    return _KINDS[annotation.__name__]


def _bounds(field: FieldInfo) -> str:
    words = []
    for bound in field.metadata:
        for sign, name in (("≥", "ge"), (">", "gt"), ("≤", "le"), ("<", "lt")):
            limit = getattr(bound, name, None)
            if limit is not None:
                words.append(f"{sign} {limit}")
    return f", {', '.join(words)}" if words else ""


def _default(field: FieldInfo) -> str:
    if field.default_factory is not None:
        made = field.default_factory()  # type: ignore[call-arg]
        if isinstance(made, Path):  # what comes with the product; its place differs by machine
            return f"the shipped `{made.relative_to(shipped('inventory').parent).as_posix()}`"
        return f"`{made}`" if made else ""
    if field.default is PydanticUndefined:
        return "**required**"
    return "" if field.default in ((), {}, None) else f"`{_toml(field.default)}`"


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Path):
        return f'"{value.as_posix()}"'
    if isinstance(value, tuple):
        return f"[{', '.join(_toml(part) for part in value)}]"
    if isinstance(value, str):
        return f"'{value}'" if "\\" in value else f'"{value}"'
    return str(value)


def main(arguments: list[str]) -> int:
    """Write the reference to the named file."""
    if len(arguments) != 1:
        print("usage: python -m rollout.settings.reference FILE", file=sys.stderr)  # noqa: T201
        return 2
    Path(arguments[0]).write_text(reference(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
