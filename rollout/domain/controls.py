"""Controls of the target security model (β'), by the names under which playbooks measure them."""

from functools import lru_cache
from typing import NamedTuple

from rollout.domain.lifecycle import Described
from rollout.domain.machine import MachineState
from rollout.domain.words import msgid

MFA = "mfa"
"""Measured at the directory for the PC's owner, not on the PC."""

TITLES = {
    "edr_service": msgid("EDR: the service runs"),
    "edr_onboarding": msgid("EDR: reaches its portal"),
    "antivirus": msgid("Virus protection and signatures"),
    "disk_encryption": msgid("Disk encryption, key escrowed"),
    "encryption_pin": msgid("PIN before the start"),
    "updates": msgid("Patch level"),
    "update_ring": msgid("Update ring"),
    "firewall": msgid("Firewall"),
    "winhttp_proxy": msgid("Proxy gone: system (WinHTTP)"),
    "user_proxy": msgid("Proxy gone: user"),
    "policy_proxy": msgid("Proxy gone: policy"),
    "dns": msgid("Name servers"),
    "time": msgid("Time servers"),
    "resident_data": msgid("No resident data on the disk"),
    "tpm": msgid("TPM ready"),
    "secure_boot": msgid("Secure Boot"),
    "vpn": msgid("Remote access"),
    "removable_storage": msgid("Removable storage"),
    "lost_device": msgid("Protection when lost"),
    "serial": msgid("Serial number is the ledger's"),
    "image": msgid("Image is the ordered one"),
    MFA: msgid("Multi-factor sign-in of the owner"),
}
"""What people call them; a control of a house's own playbook keeps its name."""

MODEL = (
    "edr_service", "edr_onboarding", "antivirus", "disk_encryption", "updates", "firewall",
    "winhttp_proxy", "user_proxy", "policy_proxy", "resident_data", MFA,
)  # fmt: skip
"""What the model asks of every PC in use, where the configuration does not say otherwise."""

AUDITED = frozenset(
    {
        MachineState.VERIFIED,
        MachineState.ENABLING,
        MachineState.PREPARED,
        MachineState.PORTABLE,
        MachineState.MIGRATED,
    }
)
"""A PC in one of these is on the new platform: what it lacks is a gap."""


class Verdict(Described):
    """What is known of a control on a PC."""

    PASS = "pass", "It was measured and holds."
    FAIL = "fail", "It was measured and does not hold."
    PENDING = "pending", "It was measured and could not be judged yet."
    MISSING = "missing", "The model asks for it, and nobody measured it."


class Summary(NamedTuple):
    """Of one machine: how many controls passed, failed and wait, and which did not pass."""

    passed: int
    failed: int
    pending: int
    lacking: str | None


@lru_cache(maxsize=4096)
def summary(verdicts: tuple[tuple[str, str], ...]) -> Summary:
    """Of controls with their verdicts; most machines have the same."""
    counted = [verdict for _control, verdict in verdicts]
    lacking = sorted(control for control, verdict in verdicts if verdict != Verdict.PASS)
    return Summary(
        counted.count(Verdict.PASS),
        counted.count(Verdict.FAIL),
        counted.count(Verdict.PENDING),
        ", ".join(lacking) or None,
    )
