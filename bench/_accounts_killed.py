"""The work of the accounts in a process that may be killed at any moment.

`_accounts_killed.py CONTROL CA TIME_FILE`: looks again and again, moving its own and the tenant's
clock on together, until nothing is open; a line before every look says how much is. TIME_FILE keeps
how far the clock was moved, in seconds.
"""

import ssl
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx

from rollout.bootstrap import application
from rollout.store import account_queue

STEP = 900.0
"""Seconds of the clock between two looks."""


class MovedClock:
    """The computer's time, ahead by what the file says."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._ahead = float(file.read_text()) if file.exists() else 0.0

    def now(self) -> datetime:
        """The moment."""
        return datetime.now(UTC) + timedelta(seconds=self._ahead)

    def move(self, seconds: float) -> None:
        """Move on; kept before anybody goes by it."""
        self._ahead += seconds
        beside = self._file.with_suffix(".new")
        beside.write_text(str(self._ahead))
        beside.replace(self._file)


def main() -> None:
    """Until nothing is open."""
    control, authority, file = sys.argv[1:]
    trust = ssl.create_default_context(cafile=authority)
    app = application()
    clock = MovedClock(Path(file))
    app.clock = clock
    with httpx.Client(verify=trust, base_url=control, timeout=60) as tenant:
        while True:
            with app.database.read() as session:
                left = account_queue.open_count(session)
            sys.stdout.write(f"{left}\n")
            sys.stdout.flush()
            if left == 0:
                break
            app.accounts_work.cycle()
            clock.move(STEP)
            tenant.post("/advance", json={"seconds": STEP})
    app.accounts_work.close()


if __name__ == "__main__":
    main()
