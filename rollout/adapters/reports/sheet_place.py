"""Where a workbook is put together, and where it is put."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO

from rollout.application.exports.failed import ExportFailed
from rollout.i18n import _
from rollout.i18n.system_errors import why


@contextmanager
def sheets_aside(target: "Target") -> Iterator[str]:
    """A folder for the rows of sheets, which are as large as the book is before it is packed.

    It may be on another disk than the book: when that is the full one, ExportFailed names it.
    """
    from xlsxwriter.exceptions import FileCreateError

    place = "TMPDIR"
    try:
        with TemporaryDirectory(prefix="rollout-sheet-") as folder:
            place = str(Path(folder).parent)
            yield folder
    except (OSError, FileCreateError) as error:
        found = error if isinstance(error, OSError) else error.args[0]
        if target.failed:
            raise found from None
        raise ExportFailed(
            _(
                "sheets cannot be put together in {folder}: {why}; make room there, or set TMPDIR "
                "to a folder with room for about ten times the CSV; an older export is unchanged"
            ).format(folder=place, why=why(found))
        ) from None


def let_go(book: Any) -> None:
    """Close the rows of sheets that were not finished; their file goes with its folder."""
    for sheet in book.worksheets():
        if sheet.row_data_fh is not None:
            # What could not be written to a full disk would be written again now.
            with suppress(OSError):
                sheet.row_data_fh.close()


class Target:
    """A file for the archive of a workbook. An archive that broke off tries to end itself when it
    is collected, long after the file is gone: that must do nothing."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._most = 0
        self.over = False
        self.failed = False
        """Whether it was this file that could not be written."""

    def write(self, data: bytes) -> int:
        with self._noted():
            return len(data) if self.over else self._file.write(data)

    def seek(self, offset: int, whence: int = 0) -> int:
        with self._noted():
            return 0 if self.over else self._file.seek(offset, whence)

    def tell(self) -> int:
        if not self.over:
            self._most = max(self._most, self._file.tell())
        return self._most if self.over else self._file.tell()

    def flush(self) -> None:
        with self._noted():
            if not self.over:
                self._file.flush()

    @contextmanager
    def _noted(self) -> Iterator[None]:
        try:
            yield
        except OSError:
            self.failed = True
            raise
