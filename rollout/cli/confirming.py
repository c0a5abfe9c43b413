"""Asking before something that cannot be taken back."""

import sys

import typer

from rollout.domain.errors import NeedsApproval
from rollout.i18n import _


def confirm(question: str, *, yes: bool) -> None:
    """Go on when `yes` was given or a person at the terminal says so.

    Raises NeedsApproval, with which nothing was changed, otherwise.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        raise NeedsApproval(_("nothing was changed: nobody is there to confirm; add --yes"))
    if not typer.confirm(question):
        raise NeedsApproval(_("nothing was changed"))
