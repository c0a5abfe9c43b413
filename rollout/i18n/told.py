"""Texts that remember what they are made of: stored in no language, read in the reader's own.

The daemon writes why it halted a wave, held a machine or ended a run; operators of both languages
read it. A `Told` is the text in the language in force and carries its msgid with what fills it in;
`stored` turns it into what a table keeps, `retold` what a table kept into a text. Texts of persons,
and what was kept before there were such texts, stay as they are.
"""

import json
from collections.abc import Mapping
from enum import StrEnum
from string import Formatter
from typing import Any

from rollout.i18n import _
from rollout.i18n.labels import labelled

_MARK = '{"msgid":'


class Word(str):
    """The label of an enumeration's member, known by the enumeration's name and the word."""

    context: str
    word: str

    def __new__(cls, context: str, word: str) -> "Word":
        made = super().__new__(cls, labelled(context, word))
        made.context, made.word = context, word
        return made

    def __getnewargs__(self) -> tuple[str, str]:  # type: ignore[override]
        return self.context, self.word


class Told(str):
    """`message` filled in with `values`, in the language in force when it was made."""

    message: str
    values: Mapping[str, Any]

    def __new__(cls, message: str, values: Mapping[str, Any]) -> "Told":
        try:
            text = _(message).format(**values)
        except (LookupError, ValueError, AttributeError):
            # Kept by a program whose text had other gaps: unfilled is better than unreadable.
            text = message
        made = super().__new__(cls, text)
        made.message, made.values = message, values
        return made

    def __getnewargs__(self) -> tuple[str, Mapping[str, Any]]:  # type: ignore[override]
        return self.message, self.values


def told(message: str, /, **values: object) -> Told:
    """The text of a msgid: words of enumerations become labels, a `Told` may fill in another."""
    return Told(
        message,
        {
            name: Word(type(value).__name__, value.value) if isinstance(value, StrEnum) else value
            for name, value in values.items()
        },
    )


def typed(text: str) -> str:
    """A text that somebody typed, which must come back so even if it looks like what we keep."""
    looks_kept = text.startswith(_MARK) and not isinstance(text, Told)
    return Told("{text}", {"text": text}) if looks_kept else text


def stored(text: str) -> str:
    """What a table keeps of `text`: of a `Told` its msgid and values, else the text itself."""
    if isinstance(text, Told):
        return json.dumps(_kept(text), ensure_ascii=False, separators=(",", ":"))
    return text


def first_line(text: str) -> str:
    """`text` up to its first line break, still told when it was."""
    if "\n" not in text:
        return text
    if isinstance(text, Told) and "\n" in text.message:
        message = text.message.partition("\n")[0]
        used = {name for _text, name, _spec, _conversion in Formatter().parse(message)}
        kept = {name: value for name, value in text.values.items() if name in used}
        return first_line(Told(message, kept))
    return text.partition("\n")[0]


def retold(kept: str) -> str:
    """A text as it was kept, in the language in force."""
    if not kept.startswith(_MARK):
        return kept
    try:
        found = _found(json.loads(kept))
    except (ValueError, LookupError, TypeError):
        return kept
    return found if isinstance(found, str) else kept


def _kept(value: object) -> object:
    if isinstance(value, Told):
        return {
            "msgid": value.message,
            "values": {name: _kept(one) for name, one in value.values.items()},
        }
    if isinstance(value, Word):
        return {"word": value.word, "of": value.context}
    if value is None or isinstance(value, bool | int | float):
        return value
    return str(value)


def _found(kept: Any) -> object:
    match kept:
        case {"msgid": str(message), "values": dict(values)}:
            return Told(message, {str(name): _found(one) for name, one in values.items()})
        case {"word": str(word), "of": str(context)}:
            return Word(context, word)
        case dict() | list():
            raise ValueError(kept)
    return kept
