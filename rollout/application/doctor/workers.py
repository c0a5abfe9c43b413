"""Workers: who is there, of which version, with which clock, and which sites have none."""

from collections.abc import Iterator

from rollout import __version__
from rollout.application.cluster.awaited import with_near_names
from rollout.application.cluster.standing import WorkerView, places, standing
from rollout.application.doctor.finding import Finding, judged
from rollout.i18n import _
from rollout.settings import Settings
from rollout.store import machines
from rollout.store.database import Database

SKEW_SECONDS = 2.0
"""Moments of results and of the history are told by several clocks."""


def examine(database: Database, settings: Settings) -> Iterator[Finding]:
    """Every worker, and the sites that nobody serves."""
    if settings.cluster.engine != "procrastinate":
        return
    there = standing(database)
    for worker in there:
        late = worker.silent_seconds > settings.cluster.worker_seconds / 2
        yield judged(
            "worker",
            _("worker {id}").format(id=worker.id),
            _(
                "{name}, {sites}, {runs} of {concurrency} runs, last sign {seconds:.0f} s ago"
            ).format(
                name=worker.name,
                sites=places(worker),
                runs=worker.runs,
                concurrency=worker.concurrency,
                seconds=max(0.0, worker.silent_seconds),
            ),
            warning=_of_worker(database, worker, late=late),
        )
    served = {site for worker in there for site in worker.sites}
    if any(worker.everywhere for worker in there):
        return
    with database.read() as session:
        alone = sorted(set(machines.site_keys(session).values()) - served)
    yield judged(
        "sites",
        _("sites without a worker"),
        ", ".join(alone) or _("none"),
        warning="rollout worker --site ..." if alone else "",
    )


def _of_worker(database: Database, worker: WorkerView, *, late: bool) -> str:
    if late:
        return _("look at that computer and at the network between")
    if worker.version != __version__:
        return _("install {version} there").format(version=__version__)
    if abs(worker.clock_ahead) > SKEW_SECONDS:
        return _("its clock is {seconds:+.1f} s off: switch time synchronisation on there").format(
            seconds=worker.clock_ahead
        )
    if worker.awaited:
        return _(
            "the ledger has no site {sites}: the worker begins there by itself when it has; if the "
            "name is wrong, start it with another --site"
        ).format(sites=with_near_names(database, worker.awaited))
    return ""
