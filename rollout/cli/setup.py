"""`rollout init` and `rollout doctor`"""

import shutil
from pathlib import Path
from typing import Annotated

import typer

from rollout.cli.invocation import AsJson, invocation
from rollout.cli.output import print_json, print_table, say
from rollout.domain.errors import RolloutError
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
    from rollout.application import doctor as checks

    application = invocation(context).application(migrated=False)
    findings = checks.examine(application.database, application.settings)
    if as_json:
        print_json(
            [
                {"check": found.check, "ok": found.ok, "found": found.found, "remedy": found.remedy}
                for found in findings
            ]
        )
    else:
        print_table(
            [_("check"), _("result"), _("found"), _("remedy")],
            [
                [found.check, _("ok") if found.ok else _("FAULT"), found.found, found.remedy]
                for found in findings
            ],
        )
    faults = sum(not found.ok for found in findings)
    if faults:
        raise RolloutError(_("{faults} faults: see the remedies above").format(faults=faults))


doctor.__doc__ = _("Check database, configuration, Ansible and disk.")

COMMANDS = (init, doctor)
