"""The part of the demo in which a PC leaves the office: application, PIN, evidence."""

from datetime import timedelta
from typing import TYPE_CHECKING

from rollout.i18n import _

if TYPE_CHECKING:
    from rollout.cli.demo import DemoWorld
    from rollout.store.machines import Joined

APPLICATION = "1"
_DAYS = timedelta(days=9)


def apply(world: "DemoWorld", joined: "Joined") -> "Joined":
    """Somebody applies, somebody else approves, and the PC's user chooses the PIN of its disk."""
    from rollout.cli.demo import APPROVER, STARTS

    world.heading(_("Taking a PC out: an application, and what its PC lacks"))
    tag, name = joined.machine.asset_tag, joined.machine.computer_name or ""
    first = STARTS.date()
    world.rollout(
        "takehome", "apply", tag, "--person", joined.staff_number or "",
        "--from", first.isoformat(), "--to", (first + _DAYS).isoformat(),
        "--place", "自宅", "--purpose", "在宅勤務",
    )  # fmt: skip
    world.rollout("takehome", "approve", APPLICATION, actor=APPROVER)
    world.rollout("takehome", "list")
    world.rollout("lab", "user", name, "choose-pin", "--folder", str(world.lab))
    world.rollout("machine", "recheck", tag)
    return joined


def go_out(world: "DemoWorld", joined: "Joined") -> None:
    """It was measured meanwhile: policy, evidence, PIN and application are there."""
    world.heading(_("Policy, evidence, PIN and application are there: the PC may leave"))
    world.rollout("serve", "--until-idle")
    world.rollout("takehome", "list")
    world.rollout("takehome", "out", APPLICATION)
