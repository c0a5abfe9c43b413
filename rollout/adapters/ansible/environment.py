"""The environment in which a run works: nothing of the daemon's but what is named here."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from rollout.adapters.ansible.processes import Marker
from rollout.settings import AnsibleSettings

PASSED_ON = (
    "USER",
    "LOGNAME",
    "TZ",
    "SSH_AUTH_SOCK",
    "KRB5CCNAME",
    "KRB5_CONFIG",
    "ANSIBLE_VAULT_PASSWORD_FILE",
)
"""Variables of the daemon that a run sees: references to credentials, never credentials."""

CONNECT_SECONDS = 15
CALLBACK = Path(__file__).resolve().with_name("callback")


def environment(
    settings: AnsibleSettings,
    marker: Marker,
    forks: int,
    outer: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """The whole environment of the child process and of everything below it."""
    outer = os.environ if outer is None else outer
    folder = marker.folder
    collections = [str(path.absolute()) for path in settings.collections]
    return {
        **{name: outer[name] for name in PASSED_ON if name in outer},
        **marker.environment(),
        "PATH": os.pathsep.join(
            [str(Path(sys.executable).parent), outer.get("PATH", os.defpath)],
        ),
        "HOME": outer.get("HOME", "/"),
        "LANG": "C.UTF-8",
        "TMPDIR": str(folder / "tmp"),
        "ANSIBLE_CONFIG": str(folder / "ansible.cfg"),
        "ANSIBLE_HOME": str(folder / "tmp" / "ansible"),
        "ANSIBLE_LOCAL_TEMP": str(folder / "tmp"),
        "ANSIBLE_COLLECTIONS_PATH": os.pathsep.join(
            [*collections, "/usr/share/ansible/collections"]
        ),
        "ANSIBLE_INVENTORY_ENABLED": "yaml",
        "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "True",
        "AWX_LIB_DIRECTORY": str(CALLBACK),
        "ANSIBLE_FORKS": str(forks),
        "ANSIBLE_PIPELINING": "True",
        "ANSIBLE_TIMEOUT": str(CONNECT_SECONDS),
        "ANSIBLE_HOST_KEY_CHECKING": "True",
        "ANSIBLE_SSH_USETTY": "False",
        "ANSIBLE_SSH_ARGS": (
            "-C -o ControlMaster=auto -o ControlPersist=60s"
            " -o ServerAliveInterval=10 -o ServerAliveCountMax=3"
        ),
        # A fixed path stands in for discovery, which costs a connection per machine; group_vars
        # override it with ansible_python_interpreter.
        "ANSIBLE_PYTHON_INTERPRETER": "/usr/bin/python3",
        "ANSIBLE_RETRY_FILES_ENABLED": "False",
        "ANSIBLE_NOCOWS": "True",
        "ANSIBLE_NOCOLOR": "True",
    }
