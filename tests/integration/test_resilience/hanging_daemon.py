"""A daemon whose second tick never comes back, over a run that is at work.

Started by the test of hanging: with `stop` it is told to end while the tick hangs.
"""

import sys
import threading

from rollout.application import runs
from rollout.bootstrap import application
from rollout.domain.run import ALIVE
from rollout.service.daemon import Daemon

HANG_SECONDS = 3.0


def main() -> None:
    """Run it."""
    app = application()
    service = app.settings.service.model_copy(update={"hang_seconds": HANG_SECONDS})
    settings = app.settings.model_copy(update={"service": service})

    def hang_when_it_works(_ticked: object) -> None:
        if any(view.run.state in ALIVE for view in runs.listing(app.database)):
            print("hangs", flush=True)  # noqa: T201
            if "stop" in sys.argv:
                daemon.stop()
            threading.Event().wait()

    daemon = Daemon(app.database, settings, app.clock, app.engine, on_tick=hang_when_it_works)
    daemon.run()


if __name__ == "__main__":
    main()
