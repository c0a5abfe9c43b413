"""`rollout tui`"""

from typing import Annotated

import typer

from rollout.cli.invocation import invocation
from rollout.i18n import _


def tui(
    context: typer.Context,
    web: Annotated[
        bool, typer.Option("--web", help=_("in a browser of this computer instead"))
    ] = False,
    port: Annotated[
        int, typer.Option(min=1, max=65535, help=_("of --web, on the loopback only"))
    ] = 8641,
) -> None:
    """Open the terminal user interface."""
    given = invocation(context)
    application = given.application()
    if web:
        from rollout.cli.screen_web import serve

        serve(port, given.actor, given.now, application.settings.programme.name)
        return
    from tui.app import work

    work(application, application.operator(given.actor))


tui.__doc__ = _("Watch waves and machines live, and act on them.")

COMMANDS = (tui,)
