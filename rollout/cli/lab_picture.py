"""`rollout lab show`: one lab PC at a glance, and its story in sentences."""

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from rollout.domain.text import printable
from rollout.domain.words import msgid
from rollout.i18n import _

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.panel import Panel

    from rollout.lab.portrait import Portrait

_TWO_COLUMNS = 76
"""Cells from which on two panels stand side by side."""

_LABELS = {
    "image": msgid("image"),
    "power": msgid("power"),
    "last_boot": msgid("last start"),
    "last_order": msgid("last order"),
    "installed_by_order": msgid("made by order"),
    "join": msgid("belongs to"),
    "signed_in_user": msgid("at the PC"),
    "pending_restart": msgid("waits for a restart"),
    "power_source": msgid("runs on"),
    "disk_free_gb": msgid("free on C:"),
    "tpm_ready": msgid("TPM"),
    "secure_boot": msgid("secure boot"),
    "encryption": msgid("disk"),
    "protectors": msgid("opened by"),
    "recovery_key_escrowed": msgid("recovery key"),
    "edr": msgid("EDR"),
    "firewall_off": msgid("firewall"),
    "managed": msgid("device management"),
    "winhttp_proxy": msgid("proxy of services"),
    "user_proxy": msgid("proxy of users"),
    "policy_proxy": msgid("proxy by policy"),
    "dns": msgid("name servers"),
    "time_servers": msgid("time servers"),
    "vpn": msgid("VPN"),
    "users": msgid("users"),
    "files": msgid("files"),
    "bytes": msgid("size of files"),
}

_WORDS = {
    "on": msgid("switched on"),
    "off": msgid("switched off"),
    "booting": msgid("starting"),
    "installing": msgid("being rewritten"),
    "pin": msgid("waits for the PIN"),
    "erased": msgid("erased"),
    "domain": msgid("the domain"),
    "entra": msgid("Entra ID"),
    "hybrid": msgid("the domain and Entra ID"),
    "ac": msgid("mains"),
    "battery": msgid("battery"),
    "FullyDecrypted": msgid("not encrypted"),
    "EncryptionInProgress": msgid("being encrypted"),
    "FullyEncrypted": msgid("encrypted"),
    "not onboarded": msgid("not onboarded"),
    "onboarded": msgid("onboarded, not yet in its portal"),
    "connected": msgid("in its portal"),
    "running": msgid("running"),
    "stopped": msgid("stopped"),
    "start_pending": msgid("starting"),
}

_STORY = {
    "booted": msgid("started from its disk"),
    "boot-decision": msgid("asked the network what to start: {action}"),
    "installed": msgid("its disk was rewritten with {image}"),
    "check-in": msgid("reported itself and was answered {status}"),
    "no-order": msgid("asked for its order and got none"),
    "work-begun": msgid("long work began: {name}"),
    "work-ended": msgid("long work ended: {name}"),
    "connections-cut": msgid("every connection broke in the middle of {work}"),
    "waits-for-pin": msgid("waits for its user to type the PIN"),
    "pin-chosen": msgid("its user chose a PIN"),
    "pin-typed": msgid("its user typed the PIN"),
    "signed-in": msgid("{user} signed in"),
    "signed-out": msgid("its user signed out"),
    "slow": msgid("slow on purpose: {seconds} s in {step}"),
    "fault": msgid("failed on purpose: {name}"),
    "erased": msgid("its disk was erased"),
}


def picture(found: "Portrait", width: int) -> "RenderableType":
    """The PC as panels, two side by side where `width` cells allow it, and what happened to it."""
    from rich.console import Group
    from rich.table import Table

    parts = [
        _panel(_("system"), found.machine, leave_out=("model", "serial", "mac", "boot_id")),
        _panel(_("protection"), found.security),
        _panel(_("network"), found.network),
        _panel(_("files and services"), {**found.user_data, **found.services}),
    ]
    columns = 2 if width >= _TWO_COLUMNS else 1
    grid = Table.grid(expand=True)
    for _column in range(columns):
        grid.add_column(ratio=1)
    for row in range(0, len(parts), columns):
        grid.add_row(*parts[row : row + columns])
    more = [_faults(found.faults)] if found.faults else []
    return Group(_head(found), grid, *more, _story(found))


def _head(found: "Portrait") -> "RenderableType":
    from rich.text import Text

    machine = found.machine
    facts = (machine["model"], machine["serial"], machine["mac"])
    return Text.assemble(
        (f"{found.asset_tag}  {found.computer_name}", "bold"),
        "  ",
        printable(" · ".join(facts)),
    )


def _panel(title: str, facts: Mapping[str, Any], leave_out: tuple[str, ...] = ()) -> "Panel":
    from rich.panel import Panel
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in facts.items():
        if name not in leave_out:
            label = _(_LABELS[name]) if name in _LABELS else name
            table.add_row(Text(label, style="dim"), Text(printable(_shown(name, value))))
    return Panel(table, title=Text(title), title_align="left")


def _shown(name: str, value: Any) -> str:
    if name == "firewall_off":
        return _("off: {profiles}").format(profiles=", ".join(value)) if value else _("switched on")
    if name == "recovery_key_escrowed" and value is not None:
        return _("escrowed") if value else _("not escrowed")
    if name == "bytes":
        return _("{size} kB").format(size=f"{value / 1000:,.0f}")
    if name == "disk_free_gb":
        return f"{value} GB"
    if name == "last_boot":
        return _local(value)
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "-"
    text = str(value) if value not in (None, "") else "-"
    return _(_WORDS[text]) if text in _WORDS else text


def _local(text: str) -> str:
    """A moment of the lab where the reader is, to the second."""
    return datetime.fromisoformat(text).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def _faults(faults: Mapping[str, Any]) -> "Panel":
    from rich.panel import Panel
    from rich.text import Text

    text = "\n".join(f"{name}={value}" for name, value in faults.items())
    title = Text(_("set to go wrong"))
    return Panel(Text(printable(text)), title=title, title_align="left", border_style="red")


def _story(found: "Portrait") -> "RenderableType":
    from rich.table import Table
    from rich.text import Text

    told = [(event["time"], _sentence(event)) for event in found.events]
    told += [
        (wipe.time, _("order {order} replaces {old}").format(order=wipe.epoch, old=wipe.old_image))
        for wipe in found.wipes
    ]
    table = Table.grid(padding=(0, 2, 0, 0))
    for time, text in sorted(told):
        table.add_row(Text(_local(time), style="dim"), Text(printable(text)))
    return table if told else Text(_("nothing has happened to it yet"), style="dim")


def _sentence(event: Mapping[str, Any]) -> str:
    name = str(event["event"])
    details = {key: value for key, value in event.items() if key not in ("time", "event")}
    if name == "work-ended" and event.get("failed"):
        return _("long work failed: {name}: {failed}").format(**details)
    if name in _STORY:
        return _(_STORY[name]).format(**details)
    return " ".join([name, *(f"{key}={value}" for key, value in details.items())])
