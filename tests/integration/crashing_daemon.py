"""The real daemon, which kills itself at a chosen commit.

Counted are the transactions that changed claims, runs or machines. Started by the crash test:
`crashing_daemon.py TAG FROM GOAL AT MODE [KEEPER]`. It works on the machine TAG, which waits in
the state FROM, and dies by SIGKILL at the AT-th such commit, `before` or `after` it; with AT 0, or
when the machine comes to GOAL before, it ends in order. Every point is a line on standard output.

KEEPER is a file: with it the processes of the runs do not notice the death, because a process
whose number is written there keeps their pipes open; they go on as orphans.
"""

import os
import re
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

from sqlalchemy import event
from sqlalchemy.orm import Session

from rollout.application import machines, runs, waves
from rollout.application.ports import RunEngine
from rollout.bootstrap import Application, application
from rollout.domain.run import ALIVE
from rollout.domain.wave import WaveState, WaveVerb
from rollout.service.daemon import Daemon

KEEPER_SECONDS = 300
_WRITES = re.compile(r'\s*(?:INSERT INTO|UPDATE) "?(claims|runs|machines)\b', re.IGNORECASE)


class Death:
    """Counts writing commits and dies at one of them."""

    def __init__(self, at: int, mode: str, keeper: Path | None) -> None:
        self._at = at
        self._mode = mode
        self._keeper = keeper
        self._count = 0
        self._lock = threading.Lock()
        self._thread = threading.local()

    def watch(self, engine: Any) -> None:
        """Look at every statement and commit of this engine."""

        @event.listens_for(engine, "after_cursor_execute")
        def _executed(
            connection: Any, cursor: Any, statement: str, _values: Any, _context: Any, _many: bool
        ) -> None:
            written = _WRITES.match(statement)
            # An INSERT that returns its numbers has a count only when they were fetched.
            if written and (cursor.rowcount != 0 or "RETURNING" in statement):
                connection.info.setdefault("written", set()).add(written[1].lower())

        @event.listens_for(engine, "commit")
        def _commits(connection: Any) -> None:
            written = connection.info.pop("written", None)
            if written:
                self._point(sorted(written))

        @event.listens_for(engine, "rollback")
        def _rolled_back(connection: Any) -> None:
            connection.info.pop("written", None)

        @event.listens_for(Session, "after_commit")
        def _committed(_session: Any) -> None:
            if getattr(self._thread, "dies", False):
                self._die()

    def _point(self, written: list[str]) -> None:
        with self._lock:
            self._count += 1
            count = self._count
        sys.stdout.write(f"{count} {' '.join(written)}\n")
        sys.stdout.flush()
        if count == self._at:
            if self._mode == "before":
                self._die()
            self._thread.dies = True

    def _die(self) -> None:
        if self._keeper is not None:
            keeper = os.fork()
            if keeper == 0:
                _keep_pipes_open()
            self._keeper.write_text(str(keeper))
        os.kill(os.getpid(), signal.SIGKILL)


def _keep_pipes_open() -> None:
    """Live on with the pipes of the dead daemon, but not with its port."""
    for link in Path("/proc/self/fd").iterdir():
        try:
            if str(link.readlink()).startswith("socket:"):
                os.close(int(link.name))
        except OSError:
            continue
    end = time.monotonic() + KEEPER_SECONDS
    while time.monotonic() < end:
        time.sleep(0.2)
    os._exit(0)


def pause_behind(app: Application, tags: list[str], start: str, number: int = 1) -> None:
    """Keep the wave paused unless one of the machines waits in `start`: one step and no more.

    A paused wave begins nothing, but lets what has begun go on.
    """
    operator, now = app.operator("operator"), app.clock.now()
    waiting = any(machines.show(app.database, tag).joined.machine.state == start for tag in tags)
    wave = waves.show(app.database, number)[0].wave
    if waiting and wave.state == WaveState.PAUSED:
        waves.move(app.database, number, WaveVerb.RESUME, operator, now)
    elif not waiting and wave.state == WaveState.RUNNING:
        waves.move(app.database, number, WaveVerb.PAUSE, operator, now, "one step and no more")


def arrived(app: Application, tags: list[str], goal: str) -> bool:
    """Whether the machines are where they are wanted and nothing is under way."""
    if any(run.run.state in ALIVE for run in runs.listing(app.database)):
        return False
    return all(machines.show(app.database, tag).joined.machine.state == goal for tag in tags)


def main() -> None:
    """Run the daemon."""
    tag, start, goal, at, mode = sys.argv[1:6]
    keeper = Path(sys.argv[6]) if len(sys.argv) > 6 else None
    app = application()
    Death(int(at), mode, keeper).watch(app.database.engine)
    engine: RunEngine = app.engine

    def look(_ticked: object) -> None:
        pause_behind(app, [tag], start)
        if arrived(app, [tag], goal):
            daemon.stop()

    daemon = Daemon(app.database, app.settings, app.clock, engine, on_tick=look)
    daemon.run()


if __name__ == "__main__":
    main()
