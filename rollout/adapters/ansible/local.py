"""The local engine: runs playbooks on this computer, in processes that die with the daemon."""

import logging
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from rollout.adapters.ansible.archive import RunArchive
from rollout.adapters.ansible.environment import environment
from rollout.adapters.ansible.folder import CannotStart, RunFolder, rotate
from rollout.adapters.ansible.processes import available, find, kill
from rollout.adapters.ansible.run import LocalRun
from rollout.adapters.clock import SystemClock
from rollout.application.ports import Clock, EventSink, RunOrder
from rollout.domain.words import msgid
from rollout.i18n import _
from rollout.settings import AnsibleSettings
from rollout.store.faults import unavailable

log = logging.getLogger(__name__)


class LocalEngine:
    """Fulfils the port `RunEngine` with ansible-runner, one child process and thread per run.

    Needs Linux (`/proc`), because elsewhere it could not promise that no process of a run is
    left; CannotStart is raised there at once. Relative paths in `settings` are those of the
    working directory. The output of runs that are `needed` is kept, however many there are.
    """

    def __init__(
        self,
        settings: AnsibleSettings,
        clock: Clock | None = None,
        needed: Callable[[], frozenset[str]] = frozenset,
    ) -> None:
        if not available():
            raise CannotStart(
                _("the local engine needs Linux: elsewhere it cannot find what a run leaves behind")
            )
        self._settings = settings
        self._clock = clock or SystemClock()
        self._needed = needed
        self._runs: dict[int, LocalRun] = {}
        self._lock = threading.Lock()
        self._rotating = threading.Lock()
        self._closed = False
        self._until: float | None = None

    def start(self, order: RunOrder, sink: EventSink) -> None:
        """Begin; raises CannotStart when nothing was begun."""
        if not order.hosts:
            raise CannotStart(_("a run needs machines"))
        playbook = self._playbook(order.playbook)
        folder = RunFolder(self._settings, order.ident)
        with self._lock:
            if self._closed:
                raise CannotStart(_("the engine is closed"))
            if order.run_id in self._runs:
                raise CannotStart(_("run {run} is at work").format(run=order.run_id))
            made = folder.write(self._settings, order, self._clock.now())
            run = LocalRun(order, folder, made, sink, self._clock, self._rotate, self._ended)
            marked = environment(self._settings, folder.marker, order.forks)
            try:
                run.start(str(playbook), marked, self._until)
            except BaseException:
                kill([folder.marker])
                folder.remove()
                raise
            self._runs[order.run_id] = run

    def reassure(self, until: float) -> None:
        """From the first time on runs end by themselves when it is not said again in time."""
        with self._lock:
            self._until = until
            for run in self._runs.values():
                run.reassure(until)

    def cancel(self, run_id: int) -> bool:
        """Stop a run: its processes are killed, its end says `cancelled`."""
        with self._lock:
            run = self._runs.get(run_id)
            if run is None:
                return False
            run.cancel()
        return True

    def alive(self) -> frozenset[int]:
        """The runs whose end has not been delivered yet."""
        with self._lock:
            return frozenset(self._runs)

    def sweep(self, idents: Sequence[str]) -> int:
        """Kill what earlier daemons left of these runs, and remove their secrets; how many.

        Runs of this engine are spared. Raises StillAlive when something survives SIGKILL.
        """
        with self._lock:
            mine = {run.order.ident for run in self._runs.values()}
        folders = [RunFolder(self._settings, ident) for ident in idents if ident not in mine]
        killed = kill([folder.marker for folder in folders])
        for folder in folders:
            folder.close()
        return killed

    def untidy(self) -> list[str]:
        """The idents of runs that began on this computer and were never cleared up."""
        return RunArchive(self._settings).untidy()

    def close(self) -> None:
        """Cancel everything that runs and wait until every end is delivered; what would start
        meanwhile is refused."""
        with self._lock:
            self._closed = True
            runs = list(self._runs.values())
            for run in runs:
                run.cancel()
        for run in runs:
            run.join()
        with self._lock:
            self._closed = False

    def log(self, ident: str) -> Path | None:
        """The output of a run, while it is kept."""
        output = RunFolder(self._settings, ident).output
        return output if output.is_file() else None

    def _playbook(self, name: str) -> Path:
        stem = name.removesuffix(".yml")
        path = (self._settings.playbooks / f"{stem}.yml").absolute()
        if not path.is_file():
            raise CannotStart(
                _("no playbook {path}: set ansible.playbooks to the folder that holds it").format(
                    path=path
                )
            )
        return path

    def _ended(self, run: LocalRun) -> None:
        with self._lock:
            del self._runs[run.order.run_id]

    def _rotate(self) -> None:
        with self._lock:
            mine = {other.order.ident for other in self._runs.values()}
        try:
            # A run whose machines are still awaited may be asked about, though its processes ended.
            mine |= self._needed()
        except Exception as error:
            why = unavailable(error)
            if why is None:
                raise
            log.warning(msgid("old runs are removed another time: %s"), why)
            return

        def live(ident: str) -> bool:
            return ident in mine or bool(find([RunFolder(self._settings, ident).marker]))

        try:
            with self._rotating:
                rotate(self._settings, self._settings.keep_runs, live)
        except OSError:
            log.exception("old runs could not be removed from %s", self._settings.artifacts)
