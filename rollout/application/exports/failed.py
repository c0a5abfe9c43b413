"""What is told when an export could not be written."""

from pathlib import Path

from rollout.domain.errors import RolloutError
from rollout.i18n import _


class ExportFailed(RolloutError):
    """The file could not be written; an older one is still whole."""


class CannotWrite(ExportFailed):
    """The place of the file refused it, or is full.

    `path` and `why` are for whoever writes it to a place that nobody knows, and renames it then.
    """

    def __init__(self, path: Path, why: object) -> None:
        self.path, self.why = path, why
        super().__init__(
            _("cannot write {path}: {why}; an older export is unchanged").format(path=path, why=why)
        )
