"""What is installed, how PCs are reached, and whether they answer there."""

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from rollout.adapters.ansible.equipment import InstalledEquipment, UnreadableVariables
from rollout.settings import AnsibleSettings


@pytest.fixture
def port() -> Iterator[int]:
    """A port on which somebody answers."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield server.getsockname()[1]


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        number: int = probe.getsockname()[1]
        return number


def equipment(folder: Path, variables: str | None, **settings: object) -> InstalledEquipment:
    if variables is not None:
        (folder / "all.yml").write_text(variables, encoding="utf-8")
    return InstalledEquipment(AnsibleSettings(group_vars=folder, **settings))  # type: ignore[arg-type]


def test_installed_packages_have_a_version_and_others_none(tmp_path: Path) -> None:
    tools = equipment(tmp_path, None)
    assert tools.version("ansible-runner")
    assert tools.version("no-such-distribution") is None


def test_a_collection_is_found_where_ansible_looks_first(tmp_path: Path) -> None:
    folder = tmp_path / "own" / "ansible_collections" / "ansible" / "windows"
    folder.mkdir(parents=True)
    manifest = {"collection_info": {"version": "99.1.0"}}
    (folder / "MANIFEST.json").write_text(json.dumps(manifest))
    tools = equipment(tmp_path, None, collections=(tmp_path / "own",))
    assert tools.collection("ansible.windows") == "99.1.0"
    assert tools.collection("nobody.nothing") is None


def test_the_collections_of_the_package_are_found(tmp_path: Path) -> None:
    assert equipment(tmp_path, None).collection("microsoft.ad")


@pytest.mark.parametrize(
    ("variables", "kind"),
    [
        ("ansible_connection: psrp\n", "psrp"),
        ("ansible_connection: ansible.builtin.winrm\n", "winrm"),
        ("ansible_user: x\n", "ssh"),
        ("", "ssh"),
        (None, "ssh"),
    ],
)
def test_the_connection_is_that_of_the_variables(
    tmp_path: Path, variables: str | None, kind: str
) -> None:
    assert equipment(tmp_path, variables).connection() == kind


def test_variables_that_are_no_yaml_are_refused_with_the_place(tmp_path: Path) -> None:
    with pytest.raises(UnreadableVariables, match=r"all\.yml cannot be read"):
        equipment(tmp_path, "a: [1\nb: 2").connection()


def test_pcs_that_answer_are_told_from_silent_ones(tmp_path: Path, port: int) -> None:
    tools = equipment(tmp_path, f"ansible_connection: psrp\nansible_port: {port}\n")
    assert tools.silent(["127.0.0.1", "nobody.invalid"]) == ["nobody.invalid"]
    assert tools.silent([]) == []


def test_a_closed_port_is_silent(tmp_path: Path) -> None:
    tools = equipment(tmp_path, f"ansible_connection: winrm\nansible_port: {closed_port()}\n")
    assert tools.silent(["127.0.0.1"]) == ["127.0.0.1"]


def test_sshs_own_configuration_says_where_a_name_leads(tmp_path: Path, port: int) -> None:
    config = tmp_path / "ssh_config"
    config.write_text(
        f"Host PC-1\n  HostName 127.0.0.1\n  Port {port}\n"
        f"Host PC-2\n  HostName 127.0.0.1\n  Port {closed_port()}\n"
    )
    tools = equipment(tmp_path, f'ansible_connection: ssh\nansible_ssh_args: -F "{config}"\n')
    assert tools.silent(["PC-1", "PC-2"]) == ["PC-2"]


def test_a_name_that_looks_like_an_option_is_silent(tmp_path: Path) -> None:
    tools = equipment(tmp_path, "ansible_connection: ssh\n")
    assert tools.silent(["-oProxyCommand=true"]) == ["-oProxyCommand=true"]
