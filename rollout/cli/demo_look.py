"""What a demo leaves for looking around: its own `rollout`, on its own clock."""

import shlex
import sys
from datetime import datetime
from pathlib import Path

from rollout.cli.output import say
from rollout.i18n import _

# -P: a folder that happens to hold another `rollout`, such as a clone, lends none of its code.
_SCRIPT = """\
#!/bin/sh
# rollout in the demo's workspace, on its clock and as one of its operators: the terminal UI, or the
# command that is given.
export ROLLOUT_CONFIG={config} ROLLOUT_NOW={now}
[ $# -gt 0 ] || set -- tui
exec {python} -P -m rollout.cli --actor {actor} "$@"
"""


def leave(folder: Path, now: datetime, actor: str) -> None:
    """Write it into the demo's folder, and say its name: where the demo was made with `make`, no
    `rollout` is on the path."""
    script = folder / "look"
    config = str(folder / "rollout.toml")
    words = {"config": config, "python": sys.executable, "actor": actor}
    script.write_text(
        _SCRIPT.format(
            now=now.isoformat(timespec="seconds"),
            **{name: shlex.quote(word) for name, word in words.items()},
        ),
        encoding="utf-8",
    )
    script.chmod(0o755)
    say(_("To look around in the terminal: {script}").format(script=shlex.quote(str(script))))
