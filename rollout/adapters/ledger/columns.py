"""The columns that a ledger may have, and the names under which they are found."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rollout.adapters.ledger.errors import LedgerUnreadable
from rollout.domain.text import match_key
from rollout.i18n import _

_FOLDER = Path(__file__).parent
_in_parentheses = re.compile(r"\([^()]*\)|\[[^\[\]]*\]|【[^【】]*】").sub
_decoration = re.compile(r"[※*＊:：]|^[0-9]+[.)．]").sub


@dataclass(frozen=True, slots=True)
class Column:
    """One field of the ledger; see `columns.toml` for `above` and `under`."""

    field: str
    names: tuple[str, ...]
    required: bool = False
    above: str = "never"
    under: str | None = None


def title_key(title: str) -> str:
    """A column title as it is compared."""
    key = match_key(title)
    plain = _decoration("", _in_parentheses("", key))
    return plain or key


def load_columns(
    extra: Mapping[str, Sequence[str]] | None = None, *, table_of: str = "columns"
) -> dict[str, Column]:
    """The shipped table, `extra` names (field -> names) before the shipped ones.

    `table_of` is the file that it stands in: the ledger's, or that of another list.

    Raises LedgerUnreadable for an unknown field or a name that two fields claim.
    """
    table = tomllib.loads((_FOLDER / f"{table_of}.toml").read_text(encoding="utf-8"))
    extra = extra or {}
    if unknown := sorted(set(extra) - set(table)):
        raise LedgerUnreadable(
            _("ledger_columns names unknown fields {unknown}: known are {known}").format(
                unknown=", ".join(unknown), known=", ".join(table)
            )
        )
    columns = {}
    claimed: dict[str, str] = {}
    for field, entry in table.items():
        added = tuple(extra.get(field, ()))
        shipped = tuple(name for name in entry.pop("names") if title_key(name) not in claimed)
        for name in added + shipped:
            owner = claimed.setdefault(title_key(name), field)
            if owner != field:
                raise LedgerUnreadable(
                    _("the column name {name} stands for {one} and for {other}: choose one").format(
                        name=name, one=owner, other=field
                    )
                )
        columns[field] = Column(field, added + shipped, **entry)
    return columns
