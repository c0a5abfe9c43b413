"""A task that kills the Ansible which started it: the topmost ansible-playbook above itself."""

import os
import signal
from pathlib import Path


def parent(pid: int) -> int:
    """The process above."""
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def is_ansible(pid: int) -> bool:
    """Whether it is ansible-playbook or one of its workers."""
    return b"ansible-playbook" in Path(f"/proc/{pid}/cmdline").read_bytes()


victim = os.getppid()
while not is_ansible(victim):
    victim = parent(victim)
while is_ansible(parent(victim)):
    victim = parent(victim)
os.kill(victim, signal.SIGKILL)
