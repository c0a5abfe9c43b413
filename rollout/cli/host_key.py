"""`rollout machine forget-key`"""

import typer

from rollout.cli.invocation import Reason, invocation
from rollout.cli.options import Tag
from rollout.cli.output import say
from rollout.i18n import _


def forget_key(
    context: typer.Context,
    tag: Tag,
    reason: Reason = None,
) -> None:
    """Trust the host key that a machine shows next."""
    from rollout.application import host_keys

    given = invocation(context)
    application = given.application()
    operator = application.operator(given.actor)
    host_keys.forget(application.database, tag, operator, application.clock.now(), reason=reason)
    say(_("{tag}: the key that it shows next is trusted, until it checks in again").format(tag=tag))


COMMANDS = {
    "forget-key": (
        forget_key,
        _("Trust the host key that a machine shows next: it was set up anew by hand."),
    )
}
