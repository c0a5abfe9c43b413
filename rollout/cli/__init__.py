"""The command line: parse, call, print; each command imports what it needs, when it runs."""

import sys


def main() -> None:
    """Entry point of `rollout`.

    Exit codes: 0 ok, 1 refused or failed, 2 usage, 3 nothing changed because it needs approval.
    """
    from rollout.cli.entry import run

    sys.exit(run(sys.argv[1:]))
