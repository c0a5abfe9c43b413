"""Texts in Japanese and English: English msgids, Japanese from a gettext catalogue.

The language is chosen by `ROLLOUT_LANG`, else by the locale of the environment; anything
that is not Japanese reads English.
"""

import gettext
import os
import re
from functools import cache
from pathlib import Path
from string import Formatter
from typing import Any

LOCALES = Path(__file__).with_name("locale")
LANGUAGES = ("ja", "en")

_FORMS = re.compile(r"\{\w+:[^{}|]*\|([^{}|]*)\}")

_chosen: list[str] = []


def language() -> str:
    """The language in force: `ja` or `en`."""
    if _chosen:
        return _chosen[-1]
    for name in ("ROLLOUT_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        value = os.environ.get(name, "")
        if value:
            return "ja" if value.lower().startswith("ja") else "en"
    return "en"


def use_language(name: str) -> None:
    """Fix the language of this process, whatever the environment says."""
    if name not in LANGUAGES:
        raise ValueError(f"unknown language {name!r}: use one of {', '.join(LANGUAGES)}")
    _chosen[:] = [name]


@cache
def _catalogue(name: str) -> gettext.NullTranslations:
    if name == "en":
        return gettext.NullTranslations()
    return gettext.translation("rollout", localedir=LOCALES, languages=[name])


def catalogue() -> gettext.NullTranslations:
    """The catalogue of the language in force."""
    return _catalogue(language())


class _Counting(Formatter):
    """Chooses among two forms of words: `{count} {count:machine|machines}`."""

    def format_field(self, value: Any, format_spec: str) -> Any:
        one, bar, many = format_spec.partition("|")
        if not bar:
            return super().format_field(value, format_spec)
        # A count may come with its thousands marked, as a text.
        return one if value in (1, "1") else many


class _OfCounts(str):
    """A text with words that follow a count.

    gettext's own plural forms know one count in a text. Ours have up to four, and many are kept
    as they are here, with their values, and told later (`told.py`).
    """

    def format(self, *args: object, **values: object) -> str:
        return _COUNTING.vformat(self, args, values)


_COUNTING = _Counting()


def for_many(message: str) -> str:
    """The text with the forms for many: by this the catalogue knows it."""
    return _FORMS.sub(r"\1", message)


def _(message: str) -> str:
    """`message` in the language in force, to be filled in with `format`.

    English words that depend on a count stand in its field, one form for 1 and one for the rest:
    `"{count} {count:machine is|machines are} held"`. Japanese needs no such field.
    """
    if "|" not in message:
        return catalogue().gettext(message)
    return _OfCounts(message) if language() == "en" else catalogue().gettext(for_many(message))
