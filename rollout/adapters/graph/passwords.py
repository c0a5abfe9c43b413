"""First passwords of users that are made here, in a file that the operator named."""

import os
import secrets
import string
from pathlib import Path

from rollout.domain.errors import RolloutError
from rollout.i18n import _
from rollout.i18n.system_errors import why

_LENGTH = 20
_COLUMNS = 2
_KINDS = (
    # Without those that are taken for a digit when somebody types them.
    string.ascii_lowercase.replace("l", ""),
    string.ascii_uppercase.replace("O", ""),
    string.digits,
    "-_.+",
)
_LETTERS = "".join(_KINDS)


class SecretsFileUnusable(RolloutError):
    """The file for first passwords cannot be used."""


class PasswordFile:
    """Lines of name, tab, password."""

    def __init__(self, path: Path) -> None:
        try:
            path.touch(mode=0o600)
            if path.stat().st_mode & 0o077:
                raise SecretsFileUnusable(
                    _("{file} can be read by others: chmod 600 {file}").format(file=path)
                )
            lines = (line.split("\t") for line in path.read_text(encoding="utf-8").splitlines())
            self._known = {line[0].casefold(): line[1] for line in lines if len(line) == _COLUMNS}
            self._file, self._new = path.open("a", encoding="utf-8"), False
        except OSError as error:
            raise SecretsFileUnusable(
                _("{file} cannot be written: {why}").format(file=path, why=why(error))
            ) from None

    def of(self, upn: str) -> str:
        """The password of that user; made and kept the first time."""
        key = upn.casefold()
        if key not in self._known:
            made = _password()
            self._file.write(f"{upn}\t{made}\n")
            self._known[key] = made
            self._new = True
        return self._known[key]

    def keep(self) -> None:
        """Returns when every password given so far is on disk."""
        if self._new:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._new = False

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def _password() -> str:
    while True:
        # Of 64 letters each has the same share in a byte.
        made = "".join(_LETTERS[byte % len(_LETTERS)] for byte in secrets.token_bytes(_LENGTH))
        if all(any(letter in kind for letter in made) for kind in _KINDS):
            return made
