"""What the measurements of each machine come to, kept beside them; see `ControlSummary`."""

from collections.abc import Collection, Iterable, Mapping
from functools import cache
from typing import Any

from sqlalchemy import Delete, Select, delete, insert
from sqlalchemy import select as columns
from sqlmodel import Session, col, func

from rollout.domain.controls import summary
from rollout.domain.machine import Step
from rollout.store.id_lists import among, as_json, given
from rollout.store.tables import Claim, ControlSummary, Evidence


def renew(session: Session, machine_ids: Collection[int]) -> None:
    """These machines were measured: sum their evidence up anew."""
    if not machine_ids:
        return
    connection, in_json = session.connection(), as_json(session)
    ids = {"ids": given(machine_ids, in_json)}
    since = {id_: epoch for id_, epoch in connection.execute(_rewritten(in_json), ids)}  # noqa: C416
    found = summed_up(connection.execute(_measured(in_json), ids), since)
    connection.execute(_deletion(in_json), ids)
    if found:
        connection.execute(_INSERT, [_row(id_, *said) for id_, said in found.items()])


def drop(session: Session, machine_ids: Collection[int]) -> None:
    """The disks of these machines are rewritten: what was measured is of a system that is gone."""
    if machine_ids:
        in_json = as_json(session)
        session.connection().execute(_deletion(in_json), {"ids": given(machine_ids, in_json)})


def summed_up(rows: Iterable[Any], since: Mapping[int, int]) -> Mapping[int, tuple[Any, ...]]:
    """By machine: passed, failed, pending, lacking, measured at.

    `rows` are machine, control, verdict, epoch and moment of measurements, those of a control in
    the order of epochs; of each the last one counts that came after the epoch of `since`.
    """
    verdicts: dict[int, dict[str, str]] = {}
    measured: dict[int, Any] = {}
    for machine, control, verdict, epoch, at in rows:
        if epoch <= since.get(machine, 0):
            continue
        if machine not in verdicts:
            verdicts[machine], measured[machine] = {control: verdict}, at
            continue
        verdicts[machine][control] = verdict
        if at > measured[machine]:
            measured[machine] = at
    return {
        machine: (*summary(tuple(said.items())), measured[machine])
        for machine, said in verdicts.items()
    }


_INSERT = insert(ControlSummary)
_FIELDS = tuple(ControlSummary.model_fields)


def _row(*values: Any) -> dict[str, Any]:
    return dict(zip(_FIELDS, values, strict=True))


@cache
def _measured(in_json: bool) -> Select[Any]:
    it = Evidence
    fields: tuple[Any, ...] = (it.machine_id, it.control, it.verdict, it.epoch, it.measured_at)
    return columns(*fields).where(among(col(it.machine_id), in_json)).order_by(col(it.epoch))


@cache
def _rewritten(in_json: bool) -> Select[Any]:
    fields: tuple[Any, ...] = (Claim.machine_id, func.max(Claim.id))
    return (
        columns(*fields)
        .where(among(col(Claim.machine_id), in_json), col(Claim.step) == Step.REIMAGE.value)
        .group_by(col(Claim.machine_id))
    )


@cache
def _deletion(in_json: bool) -> Delete:
    return delete(ControlSummary).where(among(col(ControlSummary.machine_id), in_json))
