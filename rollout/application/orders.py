"""The order of a run: its machines with the variables that their playbook gets."""

from collections.abc import Mapping, Sequence

from sqlmodel import Session

from rollout.application.ports import HostOrder
from rollout.settings import Settings
from rollout.store import machines
from rollout.store.tables import Claim


def host_orders(
    session: Session,
    settings: Settings,
    machine_ids: Sequence[int],
    claims: Mapping[int, Claim],
    tokens: Mapping[int, str],
) -> list[HostOrder]:
    """The machines of a run in the given order; without a claim it is a probe."""
    sites = machines.site_keys(session)
    owners = machines.owners_of(session, machine_ids)
    made = []
    for machine in machines.by_ids(session, machine_ids):
        machine_id = machine.id or 0
        policy = settings.generation(machine.generation)
        owner, claim = owners.get(machine_id), claims.get(machine_id)
        values = {
            "rollout_machine_id": machine_id,
            "rollout_asset_tag": machine.asset_tag,
            "rollout_serial": machine.serial,
            "rollout_mac": machine.mac or "",
            "rollout_generation": machine.generation,
            "rollout_site": sites.get(machine.site_id or 0, ""),
            "rollout_computer_name": machine.computer_name,
            "rollout_owner_staff_number": owner.staff_number if owner else "",
            "rollout_owner_name": owner.name if owner else "",
            "rollout_step": claim.step if claim else "probe",
            "rollout_attempt": claim.attempt if claim else 0,
            "rollout_epoch": claim.id if claim else 0,
            "rollout_image_id": policy.image,
            "rollout_take_home": policy.take_home is True,
            "rollout_service_url": settings.service.address,
            "rollout_copy_root": settings.ansible.copy_root,
        }
        made.append(
            HostOrder(
                machine_id=machine_id,
                epoch=claim.id if claim else None,
                address=machine.computer_name or "",
                values=values,
                secrets={"rollout_arm_token": tokens[machine_id]} if machine_id in tokens else {},
                host_key=machine.host_key,
            )
        )
    return made
