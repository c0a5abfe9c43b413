"""Asking before something that cannot be taken back."""

import sys

from rollout.domain.errors import NeedsApproval
from rollout.domain.text import tidy
from rollout.i18n import _

_YES, _NO = ("y", "yes", "はい"), ("", "n", "no", "いいえ")


def confirm(question: str, *, yes: bool) -> None:
    """Go on when `yes` was given or a person at the terminal says so.

    Raises NeedsApproval, with which nothing was changed, otherwise.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        raise NeedsApproval(_("nothing was changed: nobody is there to confirm; add --yes"))
    if not _says_yes(question):
        raise NeedsApproval(_("nothing was changed"))


def _says_yes(question: str) -> bool:
    while True:
        try:
            typed = tidy(input(f"{question} [y/N]: ")).casefold()
        except EOFError:
            typed = ""
            sys.stdout.write("\n")
        except KeyboardInterrupt:
            sys.stdout.write("\n")
            raise
        if typed in (*_YES, *_NO):
            return typed in _YES
        sys.stdout.write(_("type y or n") + "\n")
