"""The command line: parse, call, print; each command imports what it needs, when it runs."""

import gc
import sys

BETWEEN_COLLECTIONS = 50_000
"""New objects until Python looks for cycles; 700 is its own choice. Importing the libraries makes
hundreds of thousands that stay: an eighth of a command's start went into walking them."""


def main() -> None:
    """Entry point of `rollout`.

    Exit codes: 0 ok, 1 refused or failed, 2 usage, 3 nothing changed because it needs approval.
    """
    gc.set_threshold(BETWEEN_COLLECTIONS)
    from rollout.cli.entry import run

    sys.exit(run(sys.argv[1:]))
