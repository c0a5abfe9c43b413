"""`rollout init` and `rollout doctor`"""

import shutil
from pathlib import Path
from typing import Annotated

import typer

from rollout.cli.findings import show_findings
from rollout.cli.invocation import AsJson, invocation
from rollout.cli.output import say
from rollout.i18n import _


def init(
    context: typer.Context,
    sample: Annotated[
        bool, typer.Option("--sample/--no-sample", help=_("write a sample rollout.toml if missing"))
    ] = True,
) -> None:
    """Make the configuration, if there is none, and bring the database to this program."""
    from rollout import settings
    from rollout.store import migrate

    path = settings.config_path()
    if sample and not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        source = settings.shipped("inventory") / "sample" / "rollout.toml"
        partial = path.with_name(path.name + ".new")
        shutil.copyfile(source, partial)
        partial.replace(path)
        say(_("wrote {path}: look through it before you plan").format(path=path))
    application = invocation(context).application(migrated=False)
    migrate.upgrade(application.database)
    if application.database.engine.url.get_backend_name() == "sqlite":
        Path(application.database.engine.url.database or "").chmod(0o600)
    say(_("the database is ready"))


init.__doc__ = _("Write a sample configuration if there is none, and set the database up.")


def doctor(context: typer.Context, as_json: AsJson = False) -> None:
    """Check what the product needs here."""
    from rollout.application.doctor import examine

    application = invocation(context).application(migrated=False)
    with application.directory_closed():
        findings = examine(
            application.database,
            application.settings,
            application.clock.now(),
            application.archive,
            application.equipment,
            application.directory if application.settings.accounts.in_use else None,
            application.mail_writer if application.settings.notices.in_use else None,
            application.devices if application.settings.byod_in_use else None,
        )
    show_findings(findings, as_json=as_json)


doctor.__doc__ = _("Check database, daemon, backup, disk, Ansible and whether PCs answer.")


COMMANDS = (init, doctor)
