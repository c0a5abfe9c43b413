"""The report for programs: keys that never change."""

from collections.abc import Iterable, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from rollout.application.exports.forms import Document, iso
from rollout.application.exports.status.summary import Exceptional, Split, StatusReport
from rollout.domain.machine import MachineState


def document(report: StatusReport) -> Document:
    """For programs."""
    head = {
        "programme": report.programme,
        "cutover": report.cutover.isoformat(),
        "as_of": iso(report.as_of, report.zone),
        "total": report.total,
        "percent_done": report.percent_done,
        "not_known": [word.value for word in report.not_known],
        "summary": {word.value: number for word, number in report.standing.items()},
        "by_state": _words(report.by_state),
        "by_generation": _splits("generation", report.by_generation),
        "by_site": _splits("site", report.by_site),
        "by_department": _splits("department", report.by_department),
        "by_wave": _splits("wave", report.by_wave),
        "spares": [
            {
                "site": pool.site,
                "left": pool.free,
                "out": pool.out,
                "in_ledger": pool.total,
                "configured": pool.configured,
            }
            for pool in report.spares
        ],
    }
    items = [_item(entry, report.zone) for entry in report.exceptions]
    return Document(head, "exceptions", items, len(items))


def _words(states: Mapping[MachineState, int]) -> dict[str, int]:
    return {state.value: number for state, number in states.items()}


def _splits(key: str, splits: Iterable[Split]) -> list[dict[str, Any]]:
    return [
        {key: split.name, "total": split.total, "by_state": _words(split.states)}
        for split in splits
    ]


def _item(entry: Exceptional, zone: ZoneInfo) -> dict[str, Any]:
    line = entry.line
    return {
        "asset_tag": line.asset_tag,
        "site": line.site,
        "department": line.bureau,
        "division": line.division,
        "state": line.state,
        "since": iso(line.state_since, zone),
        "days": entry.days,
        "step": line.step,
        "cause": line.cause,
        "owner": line.owner,
        "hold_until": iso(line.hold_until, zone),
    }
