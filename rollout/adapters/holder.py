"""The name under which a process holds the lease, and whether such a process is dead."""

import os
import socket
from pathlib import Path


def _start_time(pid: int) -> str | None:
    """When a process of this computer started, in clock ticks; None when there is none."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except OSError:
        return None
    # The command stands in parentheses and may itself hold spaces and parentheses.
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] == "Z" else fields[19]


def own_name() -> str:
    """`host:pid:start time`: a pid alone may be given to another process."""
    pid = os.getpid()
    return f"{socket.gethostname()}:{pid}:{_start_time(pid) or '?'}"


def is_gone(holder: str) -> bool:
    """Whether the holder was a process of this computer that is not there any more.

    False when it cannot be known: then the lease has to expire.
    """
    host, _, rest = holder.rpartition(":")[0].rpartition(":")
    started = holder.rpartition(":")[2]
    if host != socket.gethostname() or started == "?" or not rest.isdigit():
        return False
    return _start_time(int(rest)) != started
