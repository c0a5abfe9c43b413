"""`rollout serve` and the foreground work of `wave start --foreground`."""

import logging
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from rollout.cli.invocation import invocation
from rollout.cli.output import progress_bar, say
from rollout.i18n import _

if TYPE_CHECKING:
    from rollout.application.programme import Ticked
    from rollout.bootstrap import Application


def serve(
    context: typer.Context,
    until_idle: Annotated[
        bool,
        typer.Option("--until-idle", help=_("end when nothing is under way or can start today")),
    ] = False,
    wait: Annotated[
        bool,
        typer.Option("--wait", help=_("stand by while another daemon works, and take over")),
    ] = False,
) -> None:
    """Run the daemon."""
    application = invocation(context).application()
    logging.basicConfig(
        level=logging.INFO,
        stream=sys.stderr,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    for chatty in ("uvicorn", "apscheduler"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    _work(application, until_idle=until_idle, wait=wait)


serve.__doc__ = _("Run the daemon: it starts steps, answers PCs and settles what is in doubt.")


def work_until_idle(application: "Application") -> None:
    """Hold the daemon's lease here until nothing is left for today; show the counts on the way."""
    _work(application, until_idle=True)


def _work(application: "Application", *, until_idle: bool, wait: bool = False) -> None:
    from rollout.application import machines, waves
    from rollout.domain.machine import MachineState
    from rollout.domain.wave import WaveState
    from rollout.i18n.labels import label
    from rollout.service.daemon import Daemon, stop_on_signals

    shown: list[str] = []
    labels = {state.value: label(state) for state in MachineState}

    def show(_ticked: "Ticked") -> None:
        counts = machines.counts(application.database)
        line = ", ".join(
            f"{labels[state.value]} {counts[state.value]}"
            for state in MachineState
            if counts.get(state.value)
        )
        if not shown or shown[-1] != line:
            shown[:] = [line]
            clock = application.clock.now().astimezone(application.settings.programme.zone)
            say(f"{clock:%H:%M:%S} {line}")
            sys.stdout.flush()
            at_work = [
                view
                for view in waves.listing(application.database)
                if view.wave.state in (WaveState.RUNNING, WaveState.SOAKING)
            ]
            if at_work:
                bar(sum(view.done for view in at_work), sum(view.size for view in at_work))

    with progress_bar(_("machines done")) as bar:
        daemon = Daemon(
            application.database,
            application.settings,
            application.clock,
            application.engine,
            until_idle=until_idle,
            wait=wait,
            on_tick=show,
        )
        stop_on_signals(daemon)
        daemon.run()


COMMANDS = (serve,)
