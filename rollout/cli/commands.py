"""The tree of commands."""

from typing import Annotated

import typer

from rollout import __version__
from rollout.cli import (
    accounts,
    accounts_mailboxes,
    audit,
    backup,
    byod_view,
    cluster,
    demo,
    export,
    export_pack,
    export_rows,
    export_status,
    importing,
    importing_applications,
    importing_dates,
    importing_departments,
    importing_people,
    importing_training,
    lab,
    machine,
    notice,
    personal_data,
    plan,
    programme,
    readiness,
    run,
    screen,
    serving,
    setup,
    stopping,
    takehome,
    training,
    wave,
)
from rollout.cli.invocation import Invocation
from rollout.i18n import _

app = typer.Typer(
    name="rollout",
    help=_("Moves an organisation's PCs and people to a new platform before a fixed date."),
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"rollout {__version__}")
        raise typer.Exit


@app.callback()
def options(
    context: typer.Context,
    actor: Annotated[
        str | None,
        typer.Option("--actor", help=_("who acts; the user of the operating system by default")),
    ] = None,
    now: Annotated[
        str | None,
        typer.Option("--now", help=_("set the programme's clock, as 2022-11-01T09:00+09:00")),
    ] = None,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help=_("the version"))
    ] = False,
) -> None:
    """Options of every command."""
    context.obj = Invocation(actor=actor, now=now)


for name, (importing_command, text) in importing_dates.COMMANDS.items():
    importing.app.command(name, help=text)(importing_command)
importing.app.command("applications", help=importing_applications.HELP)(
    importing_applications.applications
)
importing.app.command("departments", help=importing_departments.HELP)(
    importing_departments.departments
)
importing.app.command("mailbox-batches", help=accounts_mailboxes.IMPORT_HELP)(
    accounts_mailboxes.import_batches
)
importing.app.command("people", help=importing_people.HELP)(importing_people.people)
importing.app.command("training", help=importing_training.HELP)(importing_training.training)
export.app.command("status", help=export_status.HELP)(export_status.status)
for name, (export_command, text) in {**export_rows.COMMANDS, **export_pack.COMMANDS}.items():
    export.app.command(name, help=text)(export_command)
for group in (
    importing,
    plan,
    wave,
    machine,
    accounts,
    byod_view,
    takehome,
    training,
    notice,
    run,
    export,
    programme,
    audit,
    personal_data,
    cluster,
    lab,
):
    app.add_typer(group.app)
for command in (
    *setup.COMMANDS,
    *serving.COMMANDS,
    *cluster.COMMANDS,
    *backup.COMMANDS,
    *screen.COMMANDS,
    *demo.COMMANDS,
):
    app.command()(command)
for name, (readiness_command, text) in readiness.COMMANDS.items():
    app.command(name, help=text)(readiness_command)
for name, stopping_command in stopping.COMMANDS.items():
    app.command(name)(stopping_command)
