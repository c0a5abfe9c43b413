"""`rollout backup` and `rollout restore`"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rollout.cli.invocation import AsJson, invocation
from rollout.cli.output import print_json, progress_bar, say
from rollout.i18n import _

if TYPE_CHECKING:
    from rollout.application.restore import Restored

Yes = Annotated[bool, typer.Option("--yes", help=_("do not ask"))]


def backup(
    context: typer.Context,
    out: Annotated[
        Path | None,
        typer.Option("--out", help=_("the new file; one in [backup] folder by default")),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Back up."""
    from rollout.application import backup as backups
    from rollout.application.nightly import size

    application = invocation(context).application()
    with progress_bar(_("backup")) as bar:
        made = backups.by_hand(
            application.database,
            application.settings,
            out.absolute() if out else None,
            application.clock.now(),
            bar,
        )
    checked = made.checked
    if as_json:
        print_json(
            {
                "file": str(made.path),
                "bytes": checked.size,
                "rows": checked.rows,
                "head": checked.head,
                "revision": checked.revision,
            }
        )
        return
    say(
        _("{path}: {size}, opened and verified: {rows} {rows:row|rows} of history, {head}").format(
            path=made.path, size=size(checked.size), rows=checked.rows, head=checked.head
        )
    )


backup.__doc__ = _("Copy the database while it is in use, and verify the copy.")


def restore(
    context: typer.Context,
    source: Annotated[Path, typer.Argument(metavar="FILE", help=_("what `rollout backup` made"))],
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Go back to a backup."""
    from rollout.adapters import holder
    from rollout.application import restore as restoring
    from rollout.cli.confirming import confirm
    from rollout.settings import OperatorRole
    from rollout.store.backup import file_of

    given = invocation(context)
    application = given.application(migrated=False)
    operator = application.operator(given.actor)
    operator.must_be(OperatorRole.APPROVER)
    path = file_of(application.database)
    confirm(
        _("Put {source} in the place of {path}? What happened since that backup is lost.").format(
            source=source, path=path
        ),
        yes=yes,
    )
    with progress_bar(_("restore")) as bar:
        done = restoring.restore(
            application.database,
            source,
            operator,
            application.clock.now(),
            holder=holder.own_name(),
            gone=holder.is_gone,
            progress=bar,
        )
    if as_json:
        print_json(_as_json(done))
    else:
        _tell(done)


restore.__doc__ = _("Put a backup in the place of the database; what stood there is kept beside.")


def _as_json(done: "Restored") -> dict[str, object]:
    return {
        "rows": done.checked.rows,
        "head": done.checked.head,
        "replaced": str(done.beside) if done.beside else None,
        "moved_on": done.moved_on,
        "remembered": done.remembered,
    }


def _tell(done: "Restored") -> None:
    say(
        _("restored: {rows} {rows:row|rows} of history hold, {head}").format(
            rows=done.checked.rows, head=done.checked.head
        )
    )
    if done.beside is not None:
        say(_("what stood there is kept as {path}").format(path=done.beside))
    if done.moved_on is None:
        say(_("nobody knows what was begun after the backup: what stood there cannot be read"))
        say(_("every machine of a wave that has begun is held"))
    elif done.moved_on:
        say(
            _(
                "{count} {count:machine|machines} that began something after the backup "
                "{count:is|are} held: {tags}"
            ).format(count=len(done.moved_on), tags=" ".join(done.moved_on))
        )
    if done.remembered:
        say(
            _(
                "{count} {count:person who was|people who were} forgotten after the backup "
                "{count:is|are} in it again: `rollout personal-data list`"
            ).format(count=len(done.remembered))
        )
    say(
        _("everything is stopped until you have compared: then `rollout resume --all --reason ...`")
    )


COMMANDS = (backup, restore)
