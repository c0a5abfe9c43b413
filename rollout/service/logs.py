"""What the daemon says: lines for people at a terminal, JSON for whatever collects logs.

Modules log with the standard library; `extra=` gives a line its fields. No line may hold a token or
anything of a person: statements come without their values (store.database), and what looks like a
token is hidden here whatever wrote it.
"""

import logging
import re
import sys
from collections.abc import Callable
from copy import copy
from typing import TextIO

import structlog

from rollout.i18n import _

_TOKEN = re.compile(
    r"(?<![\w/.-])(?=[a-z0-9_-]*[A-Z])(?=[A-Z0-9_-]*[a-z])[A-Za-z0-9_-]{40,}(?![\w/-])"
)
"""Tokens are 43 characters of URL-safe base64: digests and names of functions have letters of one
case, idents of runs are shorter, paths have slashes."""
HIDDEN = "…"


def structured(stream: TextIO) -> None:
    """One JSON object a line: at, level, logger, event, and the fields of the line."""
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.stdlib.ExtraAdder(),
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
            structlog.processors.format_exc_info,
        ],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            _without_tokens,
            structlog.processors.JSONRenderer(ensure_ascii=False, sort_keys=True),
        ],
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter)
    _install(handler)


def readable(write: Callable[[str], None]) -> None:
    """Lines for people, in their language where the text is a msgid.

    `write` gets each, and says when it was by the programme's clock.
    """
    handler = _Lines(write)
    handler.setFormatter(_Readable("%(message)s"))
    _install(handler)


class _Lines(logging.Handler):
    def __init__(self, write: Callable[[str], None]) -> None:
        super().__init__()
        self._write = write

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._write(self.format(record))
        except Exception:  # noqa: BLE001  (as every handler of the standard library does)
            self.handleError(record)


class _Readable(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        own = copy(record)
        own.msg = _(record.msg) if isinstance(record.msg, str) and record.msg else record.msg
        line = hidden(super().format(own))
        return line if record.levelno <= logging.INFO else f"{line}  [{record.levelname.lower()}]"


def hidden(text: str) -> str:
    """The text without what looks like a token."""
    return _TOKEN.sub(HIDDEN, text)


def _without_tokens(
    _logger: object, _method: str, fields: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    return {
        name: hidden(value) if isinstance(value, str) else value for name, value in fields.items()
    }


def _install(handler: logging.Handler) -> None:
    root = logging.getLogger()
    for old in list(root.handlers):
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    for chatty in ("uvicorn", "apscheduler", "alembic"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


def at_terminal() -> bool:
    """Whether a person watches what is written to standard error."""
    return sys.stderr.isatty()
