"""Two daemons and three workers as processes of their own, and what is done to all of it."""

import contextlib
import os
import random
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from _torture.daemons import children, environment
from _torture.network import Way, way
from _torture.server import Server

MODES = {
    "worker killed": 5,
    "worker killed, its children too": 3,
    "one child killed": 4,
    "worker frozen": 4,
    "worker ended in order": 2,
    "worker ended in haste": 2,
    "daemon killed": 4,
    "both daemons killed": 1,
    "server restarted": 2,
    "server crashed": 1,
    "network cut": 4,
}
"""What happens, and how often beside the others."""

FREEZE_SECONDS, CUT_SECONDS, AWAY_SECONDS = (1.0, 14.0), (1.0, 14.0), (0.0, 9.0)
"""On both sides of the seconds after which a worker is taken for lost."""
ENDS_WITHIN = 30.0
EXPLAINED = (
    "gave no sign", "was taken over", "acts on the programme", "taken for lost", "cannot listen on",
    "database: ",
)  # fmt: skip
"""With these words a process may end by itself: another one has taken its place."""


@dataclass
class Post:
    """A place that a process fills: started again when it ends, unless it is to stay away."""

    name: str
    words: Sequence[str]
    way: Way | None = None
    process: subprocess.Popen[bytes] | None = None
    away: bool = False
    log: Path = field(default_factory=Path)


class Crew:
    """Starts `rollout serve --wait` and `rollout worker`, and torments them, server and network."""

    def __init__(
        self,
        root: Path,
        configuration: Path,
        server: Server,
        workers: Sequence[Sequence[str]],
        dice: random.Random,
    ) -> None:
        self.root = root
        self.done: Counter[str] = Counter()
        self.faults: list[str] = []
        self._configuration, self._server, self._dice = configuration, server, dice
        self._lock = threading.RLock()
        self._posts = [Post(f"daemon-{n}", ("serve", "--wait")) for n in (1, 2)]
        for n, sites in enumerate(workers, 1):
            named = [word for site in sites for word in ("--site", site)]
            words = ("worker", *named, "--concurrency", "2")
            self._posts.append(Post(f"worker-{n}", words, way(server, n)))
        for post in self._posts:
            post.log = root / f"{post.name}.log"
        self._deck: list[str] = []
        self._stop = threading.Event()
        self._torment = threading.Thread(target=self._strike_on, name="torment")
        self._healing: list[threading.Timer] = []

    def begin(self, every: tuple[float, float]) -> None:
        """Start everybody, and strike after so many seconds, again and again."""
        self._every = every
        self.keep()
        self._torment.start()

    def calm(self) -> None:
        """No more faults: everything is there and reachable afterwards."""
        self._stop.set()
        self._torment.join()
        for timer in self._healing:
            timer.join()
        self.keep()

    def keep(self) -> None:
        """What systemd does: start again what has ended, and note an end without cause."""
        with self._lock:
            for post in self._posts:
                ended = post.process is not None and post.process.poll() is not None
                if ended:
                    self._judge(post)
                    post.process = None
                if post.process is None and not post.away:
                    self._start(post)

    def end(self, patience: float) -> None:
        """Ask everybody to end in order: first the daemons, then the workers."""
        for post in self._posts:
            if post.process is None:
                continue
            post.process.send_signal(signal.SIGTERM)
            try:
                code = post.process.wait(patience)
            except subprocess.TimeoutExpired:
                post.process.kill()
                post.process.wait()
                self.faults.append(f"{post.name}: SIGTERM did not end it within {patience:g} s")
            else:
                if code != 0:
                    self._judge(post)
            post.process = None

    def kill_all(self) -> None:
        """Whatever happened before: nothing of ours goes on."""
        self._stop.set()
        if self._torment.is_alive():
            self._torment.join()
        for timer in self._healing:
            timer.cancel()
        for post in self._posts:
            if post.process is not None:
                post.process.kill()
                post.process.wait()
            if post.way is not None:
                post.way.close()
        for pid in children(self.root):
            _kill(pid)

    def _start(self, post: Post) -> None:
        given = environment(self._configuration)
        if post.way is not None:
            given["ROLLOUT_DATABASE_URL"] = post.way.url(self._server)
        with post.log.open("ab") as log:
            post.process = subprocess.Popen(
                [sys.executable, "-m", "rollout.cli", *post.words],
                env=given, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True, cwd=self.root,
            )  # fmt: skip
        self.done["started"] += 1

    def _judge(self, post: Post) -> None:
        assert post.process is not None
        code, tail = post.process.returncode, _tail(post)
        # Told to end before it could listen to signals, it ends as every process does.
        if code in (0, -signal.SIGKILL, -signal.SIGTERM):
            return
        self.done["ended by itself"] += 1
        if not any(words in tail for words in EXPLAINED):
            self.faults.append(f"{post.name} ended by itself with {code}: {tail}")

    def _strike_on(self) -> None:
        while not self._stop.wait(self._dice.uniform(*self._every)):
            mode = self._next()
            by = f", by the {self._posts[-1].way.cut_by}" if self._posts[-1].way else ""
            self.done[mode + by if mode == "network cut" else mode] += 1
            self._strike(mode)
            self.keep()

    def _next(self) -> str:
        """Drawn from a deck, so that what is seldom comes as well."""
        if not self._deck:
            self._deck = [mode for mode, number in MODES.items() for _ in range(number)]
            self._dice.shuffle(self._deck)
        return self._deck.pop()

    def _strike(self, mode: str) -> None:
        worker = self._dice.choice(self._posts[2:])
        if mode.startswith("worker killed"):
            pids = children(self.root) if "children" in mode else []
            self._kill(worker)
            for pid in pids:
                _kill(pid)
        elif mode == "one child killed":
            pids = children(self.root)
            if pids:
                _kill(self._dice.choice(pids))
        elif mode == "worker frozen":
            self._freeze(worker)
        elif mode.startswith("worker ended"):
            self._end_in_order(worker, again="haste" in mode)
        elif mode == "daemon killed":
            self._kill(self._dice.choice(self._posts[:2]))
        elif mode == "both daemons killed":
            for post in self._posts[:2]:
                self._kill(post)
        elif mode == "network cut":
            assert worker.way is not None
            worker.way.cut()
            self._later(CUT_SECONDS, worker.way.mend)
        else:
            self._server.restart("fast" if mode == "server restarted" else "immediate")

    def _kill(self, post: Post) -> None:
        """It stays away for a while: long enough at times to be taken for lost."""
        with self._lock:
            if post.process is not None:
                post.process.kill()
                post.process.wait()
            post.away = True

        def back() -> None:
            post.away = False

        self._later(AWAY_SECONDS, back)

    def _freeze(self, post: Post) -> None:
        process = post.process
        if process is None:
            return
        process.send_signal(signal.SIGSTOP)

        def wake() -> None:
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGCONT)

        self._later(FREEZE_SECONDS, wake)

    def _end_in_order(self, post: Post, *, again: bool) -> None:
        process = post.process
        if process is None:
            return
        process.send_signal(signal.SIGTERM)
        if again:
            self._later((0.2, 2.0), lambda: process.send_signal(signal.SIGTERM))

    def _later(self, seconds: tuple[float, float], do: Callable[[], None]) -> None:
        timer = threading.Timer(self._dice.uniform(*seconds), do)
        timer.daemon = True
        timer.start()
        self._healing.append(timer)


def _tail(post: Post) -> str:
    lines = post.log.read_text(encoding="utf-8", errors="replace").splitlines()
    return " | ".join(lines[-6:])


def _kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
