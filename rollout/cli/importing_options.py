"""Options that every import takes."""

from pathlib import Path
from typing import Annotated

import typer

from rollout.i18n import _

File = Annotated[Path, typer.Argument(metavar="FILE")]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help=_("the same report, but nothing is written"))
]
Strict = Annotated[bool, typer.Option("--strict", help=_("write nothing when any row is bad"))]
Encoding = Annotated[
    str | None, typer.Option("--encoding", help=_("of a CSV file; detected by default"))
]
Sheet = Annotated[str | None, typer.Option("--sheet", help=_("of a workbook; found by its header"))]
