"""Whatever stands in the ledger arrives in Ansible as the same text, and is never a template."""

import json
import shlex
from enum import StrEnum
from pathlib import Path

import pytest
from ansible._internal._datatag._tags import TrustedAsTemplate
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from hypothesis import given, settings
from hypothesis import strategies as st

from rollout.adapters.ansible.inventory import inventory
from rollout.application.ports import HostOrder

KNOWN = Path("/var/lib/my runs/100%/known_hosts")
CONTROL = Path("/tmp/rollout-ssh-0")
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGfakefakefake"
HOSTILE = [
    "{{ 7*7 }}",
    "{% raw %}",
    "{{ lookup('pipe', 'touch x') }}",
    "!vault |\n  $ANSIBLE_VAULT;1.1;AES256",
    "!unsafe x",
    "- a: b",
    "00417",
    "1.23E+10",
    "yes",
    "null",
    "~",
    "2022-04-01",
    "12:30:45",
    "=1+1",
    "%s %(x)s",
    "a\nb\r\nc\u2028d\x85e",
    "tab\tand \\ and \"quotes\" and 'quotes'",
    "  blanks  ",
    "🙂𠮷髙﨑",
    "\ufeff\u200b\x7f\x00",
    "",
    "#no comment",
    "&a *a",
]


def load(tmp_path: Path, text: str):
    path = tmp_path / "hosts.yml"
    path.write_text(text, encoding="utf-8", newline="\n")
    return InventoryManager(DataLoader(), sources=[str(path)])


def order(machine=1, values=None, **more):
    return HostOrder(machine, 1, more.pop("address", "pc-1"), values or {}, **more)


def made(*hosts):
    return inventory(hosts, KNOWN, CONTROL)


def trusted(value) -> bool:
    if isinstance(value, dict):
        return any(trusted(item) for item in value.values())
    if isinstance(value, list):
        return any(trusted(item) for item in value)
    return TrustedAsTemplate.is_tagged_on(value)


def test_hostile_texts_arrive_unchanged_and_untrusted(tmp_path):
    values = {f"v{number}": text for number, text in enumerate(HOSTILE)}
    values["nested"] = {"list": HOSTILE}
    host = order(values=values, secrets={"token": "{{ secret }}"})
    variables = load(tmp_path, made(host).hosts).get_host("m1").vars
    assert {name: variables[name] for name in values} == values
    assert variables["token"] == "{{ secret }}"
    assert variables["ansible_host"] == "pc-1"
    mine = {name: value for name, value in variables.items() if not name.startswith("inventory_")}
    assert not trusted(mine)


@settings(max_examples=60, deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_arrives_unchanged_and_untrusted(tmp_path_factory, text):
    found = load(tmp_path_factory.mktemp("i"), made(order(values={"v": text})).hosts)
    variables = found.get_host("m1").vars
    assert variables["v"] == text
    assert isinstance(variables["v"], str)
    assert not trusted(variables["v"])


def test_numbers_and_truths_keep_their_types(tmp_path):
    class Step(StrEnum):
        VERIFY = "verify"

    values = {"n": 417, "f": 1.5, "yes": True, "none": None, "step": Step.VERIFY}
    variables = load(tmp_path, made(order(values=values)).hosts).get_host("m1").vars
    assert [type(variables[name]) for name in ("yes", "none")] == [bool, type(None)]
    assert json.dumps({name: variables[name] for name in values}) == json.dumps(values)


def test_what_ansible_has_no_type_for_is_refused():
    with pytest.raises(ValueError, match=r"v: .*bytes"):
        made(order(values={"v": b"x"}))
    with pytest.raises(ValueError, match="not the name"):
        made(order(values={"a-b": "x"}))


@pytest.mark.parametrize(
    "address",
    [
        "",
        "-oProxyCommand=touch x",
        "a b",
        "a;b",
        "$(x)",
        "{{ x }}",
        "a\n",
        "pc@host",
        "ＰＣ",
        "a" * 254,
    ],
)
def test_an_address_that_is_no_host_name_is_refused_alone(tmp_path, address):
    result = made(order(1, address=address), order(2))
    assert list(result.refused) == [1]
    assert not result.empty
    assert list(load(tmp_path, result.hosts).hosts) == ["m2"]
    assert made(order(1, address=address)).empty


@pytest.mark.parametrize(
    "key", ["", "x", KEY + "\n* " + KEY, "* " + KEY, "@cert-authority * " + KEY]
)
def test_a_host_key_that_is_none_is_refused(key):
    assert list(made(order(host_key=key)).refused) == [1]


def test_a_machine_with_a_host_key_is_pinned_to_it_by_its_id(tmp_path):
    result = made(order(1, host_key=KEY + " root@pc\n"), order(2))
    assert result.known_hosts == f"m1 {KEY}\n"
    found = load(tmp_path, result.hosts)
    first, second = (
        shlex.split(found.get_host(name).vars["ansible_ssh_common_args"]) for name in ("m1", "m2")
    )
    assert "StrictHostKeyChecking=yes" in first
    assert "HostKeyAlias=m1" in first
    assert 'UserKnownHostsFile="/var/lib/my runs/100%%/known_hosts"' in first
    assert "StrictHostKeyChecking=accept-new" in second


def test_values_cannot_move_the_connection():
    values = {"ansible_host": "elsewhere", "ansible_ssh_common_args": "-o StrictHostKeyChecking=no"}
    text = made(order(values=values)).hosts
    assert "elsewhere" not in text
    assert "StrictHostKeyChecking=no" not in text


def test_machines_are_in_the_groups_of_their_generation_and_site(tmp_path: Path) -> None:
    wild = {"rollout_generation": "../DK20", "rollout_site": "{{ 7 * 7 }}"}
    plain = {"rollout_generation": "DK20", "rollout_site": "尾鷲"}
    text = made(order(1, plain, address="pc-1"), order(2, wild, address="pc-2")).hosts
    loaded = load(tmp_path, text)
    groups = {name: [h.name for h in group.get_hosts()] for name, group in loaded.groups.items()}
    assert groups["generation_DK20"] == groups["site_尾鷲"] == ["m1"]
    assert set(groups) == {"all", "ungrouped", "generation_DK20", "site_尾鷲"}
    assert loaded.hosts["m2"].vars["rollout_site"] == "{{ 7 * 7 }}"
