"""What a run has to know of its machines and of their owners, as rows."""

from collections.abc import Collection
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import Select, select
from sqlmodel import Session, col

from rollout.domain.errors import NotFound
from rollout.store.id_lists import among, as_json, given
from rollout.store.tables import Machine, Person, Site


class Addressed(NamedTuple):
    """A machine with the names that its playbook gets."""

    id: int
    asset_tag: str
    serial: str | None
    mac: str | None
    generation: str
    computer_name: str | None
    host_key: str | None
    site: str | None
    staff_number: str | None
    owner: str | None


def by_ids(session: Session, machine_ids: Collection[int]) -> list[Addressed]:
    """These machines in their order. Raises NotFound."""
    in_json = as_json(session)
    rows = session.connection().execute(_selection(in_json), {"ids": given(machine_ids, in_json)})
    found = {row.id: Addressed(*row) for row in rows}
    for machine_id in machine_ids:
        if machine_id not in found:
            raise NotFound("machine", machine_id)
    return [found[machine_id] for machine_id in machine_ids]


@cache
def _selection(in_json: bool) -> Select[Any]:
    columns: list[Any] = [getattr(Machine, name) for name in Addressed._fields[:7]]
    return (
        select(*columns, col(Site.key), col(Person.staff_number), col(Person.name))
        .select_from(Machine)
        .outerjoin(Site, col(Site.id) == col(Machine.site_id))
        .outerjoin(Person, col(Person.id) == col(Machine.owner_id))
        .where(among(Machine.id, in_json))
    )
