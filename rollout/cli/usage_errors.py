"""What is wrong with a command line, in the language in force; typer says it in English only."""

import re

import typer
from typer.exceptions import TyperException

from rollout.domain.words import msgid
from rollout.i18n import _

_SAID = tuple(
    (re.compile(pattern), words)
    for pattern, words in (
        (
            r"No such command '(?P<name>.*)'\. Did you mean (?P<near>.+)\?",
            msgid("there is no command {name}; did you mean {near}?"),
        ),
        (
            r"No such command '(?P<name>.*)'\.",
            msgid("there is no command {name}: --help lists them"),
        ),
        (r"Missing command\.", msgid("a command is missing: --help lists them")),
        (
            r"No such option: (?P<name>.*) \(Possible options: (?P<near>.*)\)",
            msgid("there is no option {name}; did you mean {near}?"),
        ),
        (
            r"No such option: (?P<name>.*)",
            msgid("there is no option {name}: --help lists them"),
        ),
        (r"Missing (argument|option|parameter) '(?P<name>[^']*)'.*", msgid("{name} is missing")),
        (
            r"Got unexpected extra arguments?(\(s\))? \((?P<rest>.*)\)",
            msgid("more was given than the command takes: {rest}"),
        ),
        (r"Option '(?P<name>.*)' does not take a value\.", msgid("{name} takes no value")),
        (r"Option '(?P<name>.*)' requires an argument\.", msgid("{name} needs a value")),
        (
            r"'(?P<value>.*)' is not one of (?P<choices>.*)\.",
            msgid("{value} is none of {choices}"),
        ),
        (r"(File|Path) (?P<path>.*) does not exist\.", msgid("{path} is not there")),
        (r"Directory (?P<path>.*) does not exist\.", msgid("there is no folder {path}")),
        (r"(Directory|Path) (?P<path>.*) is a file\.", msgid("{path} is a file")),
        (r"(File|Path) (?P<path>.*) is a directory\.", msgid("{path} is a folder")),
        (r"\w+ (?P<path>.*) is not readable\.", msgid("{path} cannot be read")),
        (r"\w+ (?P<path>.*) is not writable\.", msgid("{path} cannot be written")),
    )
)
"""Typer's sentences; one that is not among them stays as it is."""


def in_words(error: TyperException) -> str:
    """One sentence for whoever typed the command line."""
    if not isinstance(error, typer.BadParameter) or not error.message:
        return _said(error.format_message())
    name = "" if error.param is None else error.param.get_error_hint().replace("'", "")
    return ": ".join(filter(None, (name, _why(error))))


def _why(error: typer.BadParameter) -> str:
    from pydantic import ValidationError

    from rollout.settings.faults import reason

    refused = error.__cause__
    if isinstance(refused, ValidationError):
        return _said(reason(refused.errors()[0]))
    return _said(error.message)


def _said(sentence: str) -> str:
    for pattern, words in _SAID:
        found = pattern.fullmatch(sentence)
        if found is not None:
            return _(words).format(**found.groupdict())
    return sentence
