"""The inventory, the known hosts and the play's variables of one run.

Everything that comes from the ledger is data. In the YAML inventory each machine's variables
are one `!unsafe` mapping of quoted texts: Ansible never templates what is below it. The tag
stands on the mapping, not on each text, because Ansible resolves a scalar directly under
`!unsafe` anew: `!unsafe "00417"` becomes the number 271, `!unsafe "2022-04-01"` a date.
"""

import re
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from rollout.application.ports import HostOrder, Pace
from rollout.i18n import _

# ssh takes a leading dash for an option and older ones hand the name to a shell (ProxyCommand
# %h), so the address is checked although Ansible passes it without one.
_ADDRESS = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:-]{0,252}")
_HOST_KEY = re.compile(r"((?:ssh|ecdsa|sk)-[A-Za-z0-9@.-]+ [A-Za-z0-9+/]+={0,3})(?: [^\r\n]*)?")
#: Letters (Japanese ones too), digits and underscore: what may be in the name of a group and of its
#: file below group_vars.
_GROUP = re.compile(r"\w{1,60}")
_GROUPED_BY = {"generation": "rollout_generation", "site": "rollout_site"}
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class Unsafe(dict[str, Any]):
    """Host variables that Ansible must never template."""


@dataclass(frozen=True)
class Inventory:
    """What Ansible is given, and the machines that it is not given with the reason."""

    hosts: str
    known_hosts: str
    refused: Mapping[int, str]
    empty: bool


def inventory(hosts: Iterable[HostOrder], known_hosts: Path, control: Path) -> Inventory:
    """The files for these machines; `known_hosts` and `control` (SSH's sockets) are of the run.

    A machine whose address or host key is not one is refused with a message: one bad row of the
    ledger does not stop the others. Raises ValueError for variables that cannot be passed.
    """
    accepted: dict[str, Unsafe] = {}
    refused: dict[int, str] = {}
    pinned: list[str] = []
    for host in hosts:
        if not _ADDRESS.fullmatch(host.address):
            refused[host.machine_id] = _(
                "{address!r} is not a host name: correct the computer name in the ledger"
            ).format(address=host.address)
            continue
        key = _HOST_KEY.fullmatch(host.host_key.strip()) if host.host_key is not None else None
        if host.host_key is not None and key is None:
            refused[host.machine_id] = _(
                "the recorded host key is not an SSH public key: connect only after the machine"
                " has checked in again"
            )
            continue
        if key is not None:
            pinned.append(f"{host.name} {key[1]}\n")
        accepted[host.name] = _variables(host, known_hosts, control)
    return Inventory(_yaml(accepted, _groups(accepted)), "".join(pinned), refused, not accepted)


def play_variables(pace: Pace) -> dict[str, object]:
    """What fills the keywords of a play; what is not given leaves the play as it is written."""
    given: dict[str, object] = {}
    if pace.serial:
        given["rollout_batch_sizes"] = list(pace.serial)
    if pace.max_fail_percentage is not None:
        given["rollout_max_fail_percentage"] = pace.max_fail_percentage
    if pace.throttle:
        given["rollout_throttle"] = pace.throttle
    return given


def _groups(hosts: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """`generation_DK20` and `site_津` with their machines, so that group_vars can differ by them.

    A generation or site whose name no group can have is in none: what holds for all holds for it.
    """
    groups: dict[str, Any] = {}
    for name, variables in hosts.items():
        for kind, variable in _GROUPED_BY.items():
            value = variables.get(variable)
            if isinstance(value, str) and _GROUP.fullmatch(value):
                groups.setdefault(f"{kind}_{value}", {"hosts": {}})["hosts"][name] = {}
    return groups


def _variables(host: HostOrder, known_hosts: Path, control: Path) -> Unsafe:
    variables = Unsafe()
    for name, value in {**host.values, **host.secrets}.items():
        if not _VARIABLE.fullmatch(name):
            raise ValueError(f"{name!r} is not the name of an Ansible variable")
        variables[name] = _plain(name, value)
    variables["ansible_host"] = host.address
    # Variables of the host win over group_vars: no configuration unpins a machine, or moves its
    # sockets to where other runs share them and `processes` does not know them.
    variables["ansible_ssh_common_args"] = _ssh_options(host, known_hosts)
    variables["ansible_control_path_dir"] = str(control)
    variables["ansible_control_path"] = f"%(directory)s/{host.name}"
    return variables


def _plain(name: str, value: Any) -> Any:
    """`value` in types that YAML and Ansible agree on."""
    if isinstance(value, Enum):
        return _plain(name, value.value)
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        return str(value)
    if isinstance(value, Mapping):
        return {str(key): _plain(name, item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(name, item) for item in value]
    raise ValueError(f"{name}: Ansible has no {type(value).__name__}, pass text")


def _ssh_options(host: HostOrder, known_hosts: Path) -> str:
    """A machine is known by its id, whatever its address and port are at the moment."""
    # ssh expands % itself and splits the value at blanks unless it is quoted.
    file = str(known_hosts).replace("%", "%%")
    options = {
        "UserKnownHostsFile": f'"{file}"',
        "GlobalKnownHostsFile": "/dev/null",
        "HostKeyAlias": host.name,
        "StrictHostKeyChecking": "yes" if host.host_key else "accept-new",
        "UpdateHostKeys": "no",
        "HashKnownHosts": "no",
    }
    return shlex.join(part for name, value in options.items() for part in ("-o", f"{name}={value}"))


def _yaml(hosts: Mapping[str, Unsafe], groups: Mapping[str, Any]) -> str:
    import yaml

    base: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)

    class Dumper(base):  # type: ignore[misc]
        """Quotes every text, so that none is taken for a number, a date or a tag."""

        def ignore_aliases(self, data: Any) -> bool:
            return True

    Dumper.add_representer(
        str, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"')
    )
    Dumper.add_representer(
        Unsafe, lambda dumper, variables: dumper.represent_mapping("!unsafe", variables)
    )
    content: dict[str, Any] = {"hosts": dict(hosts)}
    if groups:
        content["children"] = dict(groups)
    text: str = yaml.dump({"all": content}, Dumper=Dumper, width=1 << 20)
    return text
