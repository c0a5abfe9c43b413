"""`rollout serve` and the foreground work of `wave start --foreground`."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from rollout.cli.invocation import invocation
from rollout.cli.output import say
from rollout.i18n import _

if TYPE_CHECKING:
    from rollout.application.programme import Ticked
    from rollout.application.under_way import UnderWay
    from rollout.bootstrap import Application

LOOK_SECONDS = 1.0
"""Between two looks at what is under way; ticks may come more often."""


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
    from rollout.service import logs

    application = invocation(context).application()
    if not logs.at_terminal():
        logs.structured(sys.stderr)
    _work(application, until_idle=until_idle, wait=wait)


serve.__doc__ = _("Run the daemon: it starts steps, answers PCs and settles what is in doubt.")


def work_until_idle(application: "Application") -> None:
    """Hold the daemon's lease here until nothing is left for today; show it on the way."""
    _work(application, until_idle=True)


def _work(application: "Application", *, until_idle: bool, wait: bool = False) -> None:
    from rollout.application.cluster.check import require_queue
    from rollout.service.daemon import Daemon
    from rollout.service.signals import stop_on_signals

    if application.settings.cluster.engine == "procrastinate":
        require_queue(application.queue_versions)
    in_use, own = application.settings.accounts.in_use, application.settings.notices
    mails = in_use and own.in_use and own.send == "by itself"
    if mails:
        application.mail_writer.check()
    private = application.settings.byod_in_use
    with _shown(application, lines=until_idle) as show:
        daemon = Daemon(
            application.database,
            application.settings,
            application.clock,
            application.engine,
            until_idle=until_idle,
            wait=wait,
            on_tick=show,
            nights=application.nights,
            accounts=(lambda: application.accounts_work) if in_use else None,
            notices=application.notices_work if mails else None,
            devices=(lambda: application.devices_work) if private else None,
        )
        stop_on_signals(daemon)
        daemon.run()


@contextmanager
def _shown(application: "Application", *, lines: bool) -> "Iterator[Callable[[Ticked], None]]":
    """What to call after every tick: lines that live at a terminal; plain ones for a script."""
    from rollout.service import logs

    if logs.at_terminal():
        from rollout.service.live import LiveView

        view = LiveView(application.clock, application.settings.programme.zone)
        logs.readable(view.say)
        with view.running():
            yield _seldom(application, view.show)
        return
    yield _seldom(application, _Lines(application).show) if lines else lambda _ticked: None


def _seldom(
    application: "Application", show: "Callable[[UnderWay], None]"
) -> "Callable[[Ticked], None]":
    from rollout.application.under_way import under_way

    last, idle = float("-inf"), False

    def look(ticked: "Ticked") -> None:
        nonlocal last, idle
        # The tick with which a daemon falls idle may be its last.
        if time.monotonic() - last >= LOOK_SECONDS or (ticked.idle and not idle):
            last = time.monotonic()
            show(under_way(application.database))
        idle = ticked.idle

    return look


class _Lines:
    """One line on standard output for every change of the machines."""

    def __init__(self, application: "Application") -> None:
        self._application = application
        self._last = ""

    def show(self, seen: "UnderWay") -> None:
        from rollout.domain.machine import MachineState
        from rollout.i18n.labels import label

        line = ", ".join(
            f"{label(state)} {seen.states[state.value]}"
            for state in MachineState
            if seen.states.get(state.value)
        )
        if line != self._last:
            self._last = line
            zone = self._application.settings.programme.zone
            say(f"{self._application.clock.now().astimezone(zone):%H:%M:%S} {line}")
            sys.stdout.flush()


COMMANDS = (serve,)
