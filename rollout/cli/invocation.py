"""What every command gets from the options before it."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated

import typer

from rollout.cli.options import said
from rollout.i18n import _

if TYPE_CHECKING:
    from rollout.bootstrap import Application


@dataclass(frozen=True)
class Invocation:
    """The options of `rollout` itself."""

    actor: str | None = None
    now: str | None = None
    context: typer.Context | None = None

    def application(self, *, migrated: bool = True, worker: bool = False) -> "Application":
        """Read the configuration and open the database. Raises RolloutError."""
        from rollout.bootstrap import application

        made = application(now=self.now, migrated=migrated, worker=worker)
        # A server is told that its client ends, and does not have to find out.
        if self.context is not None:
            self.context.call_on_close(made.database.close)
        return made


def invocation(context: typer.Context) -> Invocation:
    """The options given before the command."""
    found = context.find_object(Invocation)
    return replace(found if isinstance(found, Invocation) else Invocation(), context=context)


AsJson = Annotated[bool, typer.Option("--json", help=_("print JSON with stable keys"))]
_REASON = typer.Option(
    "--reason", parser=said, metavar=_("TEXT"), help=_("why; kept in the history")
)
Reason = Annotated[str | None, _REASON]
NeededReason = Annotated[str, _REASON]
