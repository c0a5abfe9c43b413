"""The order of a run: its machines with the variables that their playbook gets."""

from collections.abc import Mapping, Sequence

from sqlmodel import Session

from rollout.application.ports import HostOrder
from rollout.settings import Settings
from rollout.store import addressed
from rollout.store.claims import Added
from rollout.store.tables import Claim


def host_orders(
    session: Session,
    settings: Settings,
    machine_ids: Sequence[int],
    claims: Mapping[int, Claim | Added],
    tokens: Mapping[int, str],
) -> list[HostOrder]:
    """The machines of runs in the given order; without a claim it is a probe."""
    made = []
    address, copies = settings.service.address, settings.ansible.copy_root
    for machine in addressed.by_ids(session, machine_ids):
        policy, claim = settings.generation(machine.generation), claims.get(machine.id)
        values = {
            "rollout_machine_id": machine.id,
            "rollout_asset_tag": machine.asset_tag,
            "rollout_serial": machine.serial,
            "rollout_mac": machine.mac or "",
            "rollout_generation": machine.generation,
            "rollout_site": machine.site or "",
            "rollout_computer_name": machine.computer_name,
            "rollout_owner_staff_number": machine.staff_number or "",
            "rollout_owner_name": machine.owner or "",
            "rollout_step": claim.step if claim else "probe",
            "rollout_attempt": claim.attempt if claim else 0,
            "rollout_epoch": claim.id if claim else 0,
            "rollout_image_id": policy.image,
            "rollout_take_home": policy.take_home is True,
            "rollout_service_url": address,
            "rollout_copy_root": copies,
        }
        token = tokens.get(machine.id)
        made.append(
            HostOrder(
                machine_id=machine.id,
                epoch=claim.id if claim else None,
                address=machine.computer_name or "",
                values=values,
                secrets={"rollout_arm_token": token} if token else {},
                host_key=machine.host_key,
            )
        )
    return made
