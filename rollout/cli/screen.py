"""`rollout tui`"""

import typer

from rollout.cli.invocation import invocation
from rollout.i18n import _


def tui(context: typer.Context) -> None:
    """Open the terminal user interface."""
    from tui.app import RolloutApp

    given = invocation(context)
    application = given.application()
    RolloutApp(application, application.operator(given.actor)).run()


tui.__doc__ = _("Watch waves and machines live, and act on them.")

COMMANDS = (tui,)
