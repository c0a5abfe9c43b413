"""What the operating system refuses, in the reader's language: it answers in English only."""

import errno
import os

from rollout.domain.words import msgid
from rollout.i18n import _

_SAID = {
    errno.EACCES: msgid("Permission denied"),
    errno.EAGAIN: msgid("Resource temporarily unavailable"),
    errno.ECONNREFUSED: msgid("Connection refused"),
    errno.ECONNRESET: msgid("Connection reset by peer"),
    errno.EADDRINUSE: msgid("Address already in use"),
    errno.EBUSY: msgid("Device or resource busy"),
    errno.EDQUOT: msgid("Disk quota exceeded"),
    errno.EEXIST: msgid("File exists"),
    errno.EFBIG: msgid("File too large"),
    errno.EINVAL: msgid("Invalid argument"),
    errno.EIO: msgid("Input/output error"),
    errno.EISDIR: msgid("Is a directory"),
    errno.ELOOP: msgid("Too many levels of symbolic links"),
    errno.EMFILE: msgid("Too many open files"),
    errno.ENAMETOOLONG: msgid("File name too long"),
    errno.ENOENT: msgid("No such file or directory"),
    errno.ENOMEM: msgid("Cannot allocate memory"),
    errno.ENOSPC: msgid("No space left on device"),
    errno.ENOTDIR: msgid("Not a directory"),
    errno.ENOTEMPTY: msgid("Directory not empty"),
    errno.EPERM: msgid("Operation not permitted"),
    errno.EROFS: msgid("Read-only file system"),
    errno.ESTALE: msgid("Stale file handle"),
    errno.ETIMEDOUT: msgid("Connection timed out"),
    errno.ETXTBSY: msgid("Text file busy"),
    errno.EXDEV: msgid("Invalid cross-device link"),
}
"""What people meet; whatever else there is stays as the system says it."""


def why(error: OSError) -> str:
    """Why it was refused, without the place."""
    return _known(error) or error.strerror or str(error)


def where_and_why(error: OSError) -> str:
    """The same behind the place, where the error knows it."""
    if error.filename is not None:
        return f"{os.fsdecode(error.filename)}: {why(error)}"
    return _known(error) or str(error)


def _known(error: OSError) -> str | None:
    """Libraries raise such errors without a number, and TLS with numbers of its own."""
    number = error.errno
    if number not in _SAID or error.strerror != os.strerror(number):
        return None
    return _(_SAID[number])
