"""`rollout init` and `rollout doctor`"""

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rollout.cli.invocation import AsJson, invocation
from rollout.cli.output import print_json, print_table, say
from rollout.domain.errors import RolloutError
from rollout.i18n import _

if TYPE_CHECKING:
    from rollout.application.doctor import Finding


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
    from rollout.application.doctor import Level, examine

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
        )
    if as_json:
        print_json(
            [
                {
                    "check": found.key,
                    "level": found.level.value,
                    "ok": found.level is Level.OK,
                    "found": found.found,
                    "remedy": found.remedy,
                }
                for found in findings
            ]
        )
    else:
        _print(findings)
    problems = sum(found.level is Level.PROBLEM for found in findings)
    if problems:
        raise RolloutError(
            _("{problems} problems: see the remedies above").format(problems=problems)
        )


doctor.__doc__ = _("Check database, daemon, backup, disk, Ansible and whether PCs answer.")


def _print(findings: "list[Finding]") -> None:
    from rollout.application.doctor import Level
    from rollout.i18n.labels import label

    marks = {Level.OK: "✓", Level.WARNING: "!", Level.PROBLEM: "✗"}
    print_table(
        [_("check"), _("result"), _("found"), _("remedy")],
        [
            [found.check, f"{marks[found.level]} {label(found.level)}", found.found, found.remedy]
            for found in findings
        ],
    )


COMMANDS = (init, doctor)
