"""How Ansible reaches the lab: ssh_config by computer name, group_vars, collections path."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import yaml

from rollout.lab.world_files import WorldFiles, WorldSettings

#: The user name that lab PCs know; the key decides, not the name.
USER = "rollout"
#: First on ANSIBLE_COLLECTIONS_PATH of a lab run, and of no other.
COLLECTIONS = Path(__file__).parent / "collections"


def write_access_files(files: WorldFiles, settings: WorldSettings) -> None:
    """Write `ssh_config` and `group_vars/all.yml` for the present ports."""
    # Ansible takes the interpreter as one word. -I -S: modules need the standard library and
    # nothing else, and start twice as fast.
    files.interpreter.parent.mkdir(exist_ok=True)
    files.interpreter.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -I -S "$@"\n')
    files.interpreter.chmod(0o755)
    files.ssh_config.write_text(_ssh_config(files, settings), encoding="utf-8")
    files.onboarding.write_text("rem the lab's stand-in for an EDR onboarding script\n")
    files.group_vars.parent.mkdir(exist_ok=True)
    text = yaml.safe_dump(group_vars(files), sort_keys=True, allow_unicode=True)
    files.group_vars.write_text("# Written by the lab: how Ansible reaches its PCs.\n" + text)


def group_vars(files: WorldFiles) -> dict[str, object]:
    """Connection variables of every lab PC."""
    options = [
        *("-F", str(files.ssh_config)),
        *("-o", "ControlMaster=auto", "-o", "ControlPersist=20s"),
        *("-o", "ServerAliveInterval=3", "-o", "ServerAliveCountMax=3"),
    ]
    return {
        "ansible_connection": "ssh",
        "ansible_shell_type": "sh",
        "ansible_python_interpreter": str(files.interpreter),
        "ansible_pipelining": True,
        "ansible_ssh_args": shlex.join(options),
        "ansible_ssh_transfer_method": "piped",
        "ansible_ssh_usetty": False,
        "ansible_ssh_retries": 2,
        "ansible_timeout": 10,
        "ansible_become": False,
        # The lab's PCs carry their generation in the model, so that the guard has what to compare.
        "machine_guard_models": ["Lab PC {{ rollout_generation }}"],
        "direct_internet_dns_servers": ["198.51.100.53", "198.51.100.54"],
        "direct_internet_time_servers": ["ntp.platform.lab.invalid"],
        "direct_internet_edr_onboarding_file": str(files.onboarding),
        "take_home_vpn_name": "office",
        "take_home_vpn_server": "vpn.platform.lab.invalid",
        "take_home_resident_data_names": ["*住民基本台帳*", "*個人番号*"],
    }


def _ssh_config(files: WorldFiles, settings: WorldSettings) -> str:
    user = USER
    if settings.mode == "sshd":
        import getpass

        user = getpass.getuser()
    blocks = []
    for name, port in settings.ports.items():
        lines = ["HostName 127.0.0.1", f"Port {port}", f"HostKeyAlias {name}", f"User {user}"]
        blocks.append(f"Host {name}\n" + "".join(f"  {line}\n" for line in lines))
    blocks.append(
        "Host *\n"
        f'  IdentityFile "{files.client_key}"\n'
        "  IdentitiesOnly yes\n"
        "  IdentityAgent none\n"
        "  PreferredAuthentications publickey\n"
        "  GlobalKnownHostsFile /dev/null\n"
        "  ConnectTimeout 5\n"
        "  BatchMode yes\n"
        "  LogLevel ERROR\n"
    )
    return "\n".join(blocks)
