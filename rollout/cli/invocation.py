"""What every command gets from the options before it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from rollout.i18n import _

if TYPE_CHECKING:
    from rollout.bootstrap import Application


@dataclass(frozen=True)
class Invocation:
    """The options of `rollout` itself."""

    actor: str | None = None
    now: str | None = None

    def application(self, *, migrated: bool = True, worker: bool = False) -> "Application":
        """Read the configuration and open the database. Raises RolloutError."""
        from rollout.bootstrap import application

        return application(now=self.now, migrated=migrated, worker=worker)


def invocation(context: typer.Context) -> Invocation:
    """The options given before the command."""
    found = context.find_object(Invocation)
    return found if isinstance(found, Invocation) else Invocation()


AsJson = Annotated[bool, typer.Option("--json", help=_("print JSON with stable keys"))]
Reason = Annotated[str | None, typer.Option("--reason", help=_("why; kept in the history"))]
