"""`rollout worker` and `rollout cluster ...`: Ansible on other computers."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from rollout.cli.findings import show_findings
from rollout.cli.invocation import AsJson, NeededReason, invocation
from rollout.cli.output import print_json, print_table, say
from rollout.domain.errors import RolloutError
from rollout.i18n import _

if TYPE_CHECKING:
    from rollout.application.cluster.standing import WorkerView

app = typer.Typer(name="cluster", help=_("Several computers: workers, roles, what is missing."))


def worker(
    context: typer.Context,
    site: Annotated[
        list[str] | None,
        typer.Option("--site", help=_("a site that it works for; none named: all of them")),
    ] = None,
    concurrency: Annotated[
        int, typer.Option("--concurrency", min=1, help=_("runs at the same time"))
    ] = 4,
) -> None:
    """Run a worker."""
    from rollout.application.cluster.check import require_queue
    from rollout.service import logs
    from rollout.service.signals import stop_on_signals
    from rollout.service.worker import Worker

    application = invocation(context).application(worker=True)
    if application.settings.cluster.engine != "procrastinate":
        raise RolloutError(
            _('the daemon runs Ansible itself: set [cluster] engine = "procrastinate" first')
        )
    require_queue(application.queue_versions)
    if not logs.at_terminal():
        logs.structured(sys.stderr)
    else:
        logs.readable(typer.echo)
    works = Worker(
        application.database,
        application.settings,
        application.clock,
        application.local_engine,
        application.jobs,
        application.archive,
        sites=site or (),
        concurrency=concurrency,
    )
    stop_on_signals(works)
    works.run()


worker.__doc__ = _("Run a worker: it takes runs of its sites from their queues and runs Ansible.")


@app.command("init", help=_("Make the queue and the roles in PostgreSQL; as the database's owner."))
def init(context: typer.Context) -> None:
    """Make what several computers need; what is there is brought to this program."""
    from rollout.application.cluster.check import NoServer
    from rollout.store import roles

    application = invocation(context).application()
    if application.database.engine.dialect.name != "postgresql":
        raise NoServer
    made = application.prepare_queue()
    roles.write(application.database, application.queue_schema)
    say(_("the queue was made") if made else _("the queue is there"))
    say(
        _("the roles are there: let a user join one, such as GRANT {role} TO tsu_worker").format(
            role=roles.WORKER
        )
    )


@app.command("check", help=_("Check server, schema, queue, roles, TLS, clocks, workers."))
def check(context: typer.Context, as_json: AsJson = False) -> None:
    """Say what is missing."""
    from rollout.application.cluster.check import NoServer, examine

    application = invocation(context).application(migrated=False)
    if application.database.engine.dialect.name != "postgresql":
        raise NoServer
    found = examine(application.database, application.settings, application.queue_versions)
    show_findings(found, as_json=as_json)


@app.command(
    "restored",
    help=_("After pg_restore: hold and stop what an older state of the database does not know."),
)
def restored(
    context: typer.Context,
    reason: NeededReason,
) -> None:
    """Make a restored database fit to go on."""
    from rollout.adapters import holder
    from rollout.application.cluster.restored import after_restore

    given = invocation(context)
    application = given.application()
    after_restore(
        application.database,
        application.operator(given.actor),
        application.clock.now(),
        reason=reason,
        holder=holder.own_name(),
        gone=holder.is_gone,
    )
    say(
        _(
            "everything is stopped, and machines of waves that had begun are held: compare, "
            "release them, then `rollout resume --all --reason ...`"
        )
    )


@app.command("workers", help=_("Who is there, for which sites, and with how many runs."))
def workers(context: typer.Context, as_json: AsJson = False) -> None:
    """List workers."""
    from rollout.application.cluster.standing import places, standing

    application = invocation(context).application()
    found = standing(application.database)
    if as_json:
        print_json([_as_json(view) for view in found])
        return
    print_table(
        [_("worker"), _("process"), _("sites"), _("runs"), _("last sign"), _("version"), ""],
        [
            [
                str(view.id),
                view.name,
                places(view),
                f"{view.runs}/{view.concurrency}",
                _("{seconds:.0f} s ago").format(seconds=view.silent_seconds),
                view.version,
                view.ended_why or (_("stopping") if view.stopping else ""),
            ]
            for view in found
        ],
    )


def _as_json(view: "WorkerView") -> dict[str, object]:
    return {
        "worker": view.id,
        "process": view.name,
        "host": view.host,
        "sites": list(view.sites),
        "sites_not_in_ledger": list(view.awaited),
        "concurrency": view.concurrency,
        "runs": view.runs,
        "version": view.version,
        "started_at": view.started_at.isoformat(),
        "heartbeat_at": view.heartbeat_at.isoformat(),
        "silent_seconds": round(view.silent_seconds, 1),
        "clock_ahead_seconds": round(view.clock_ahead, 3),
        "stopping": view.stopping,
        "ended": view.ended_why,
    }


COMMANDS = (worker,)
