"""Running a command and turning what goes wrong into one line and an exit code."""

import os
import sys
import tempfile
import traceback
from collections.abc import Sequence
from pathlib import Path

import typer
from typer.main import get_command

from rollout.cli import help_words
from rollout.cli.commands import app
from rollout.domain.errors import NeedsApproval, RolloutError
from rollout.domain.text import printable
from rollout.i18n import _
from rollout.i18n.system_errors import where_and_why

OK, REFUSED, USAGE, NEEDS_APPROVAL, INTERRUPTED = 0, 1, 2, 3, 130


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code; no traceback reaches the user."""
    help_words.speak()
    try:
        code = get_command(app).main(list(arguments), "rollout", standalone_mode=False)
    except typer.exceptions.TyperException as error:
        from rollout.cli.usage_errors import in_words

        if "\n" in error.message:  # the help of a group that was given no command
            print(error.message, file=sys.stderr)  # noqa: T201
        else:
            _say(in_words(error))
        return error.exit_code
    except typer.Abort:
        code = INTERRUPTED
    except RolloutError as error:
        from rollout.i18n.labels import explained

        _say(explained(error))
        return NEEDS_APPROVAL if isinstance(error, NeedsApproval) else REFUSED
    except KeyboardInterrupt:
        code = INTERRUPTED
    except BrokenPipeError:
        # The reader of a pipe (head, less) has gone; Python would complain again at its exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
    except OSError as error:
        _say(where_and_why(error))
        return REFUSED
    except Exception as error:  # noqa: BLE001  (kept in a file whose name the user is told)
        return _unexpected(error)
    if code == INTERRUPTED:  # Typer makes a code of Ctrl-C
        _say(_("interrupted; nothing is half-applied"))
    return code if isinstance(code, int) else OK


def _unexpected(error: Exception) -> int:
    from rollout.store.faults import unavailable

    why = unavailable(error)
    if why is not None:
        _say(_("database: {why}").format(why=why))
        return REFUSED
    handle, name = tempfile.mkstemp(prefix="rollout-", suffix=".log")
    os.close(handle)
    Path(name).write_text("".join(traceback.format_exception(error)), encoding="utf-8")
    _say(
        _("this is a defect of rollout ({kind}: {why}); please report it with {file}").format(
            kind=type(error).__name__, why=error, file=name
        )
    )
    return REFUSED


def _say(message: str) -> None:
    # A name out of a file, a workbook or an argument may hold what a terminal would obey.
    print(f"rollout: {printable(' '.join(message.split()))}", file=sys.stderr)  # noqa: T201
