"""Texts in Japanese and English: English msgids, Japanese from a gettext catalogue.

The language is chosen by `ROLLOUT_LANG`, else by the locale of the environment; anything
that is not Japanese reads English.
"""

import gettext
import os
from functools import cache
from pathlib import Path

LOCALES = Path(__file__).with_name("locale")
LANGUAGES = ("ja", "en")

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


def _(message: str) -> str:
    """`message` in the language in force."""
    return catalogue().gettext(message)
