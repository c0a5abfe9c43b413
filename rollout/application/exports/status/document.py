"""The report for programs: keys that never change, described in docs/status-report.schema.json."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from rollout.application.board.view import Board
from rollout.application.exports.forms import Document, iso
from rollout.application.exports.status.burn_up import BurnUp
from rollout.application.exports.status.daily import DailyReport
from rollout.application.exports.status.exceptions import ExceptionKind, ExceptionLine
from rollout.application.exports.status.summary import Split, Standing, StatusReport
from rollout.application.exports.status.tomorrow import Tomorrow
from rollout.domain.machine import MachineState

FORMAT = "rollout.status"
VERSION = 1
"""Grows when a key goes or changes its meaning; new keys may come without."""


def document(report: DailyReport) -> Document:
    """The whole report; words are those of the tables, texts those of the language in force."""
    summary, zone = report.summary, report.summary.zone
    head = {
        "format": FORMAT,
        "version": VERSION,
        "programme": summary.programme,
        "cutover": summary.cutover.isoformat(),
        "as_of": iso(summary.as_of, zone),
        "total": summary.total,
        "percent_done": summary.percent_done,
        "not_known": [word.value for word in summary.not_known],
        "summary": {word.value: number for word, number in summary.standing.items()},
        "previous": _previous(report),
        "by_state": _words(summary.by_state),
        "by_generation": _splits("generation", summary.by_generation),
        "by_site": _splits("site", summary.by_site),
        "by_department": _splits("department", summary.by_department),
        "by_wave": _splits("wave", summary.by_wave),
        "spares": _spares(summary),
        "plan": {
            "due": report.burn_up.due,
            "difference": summary.standing[Standing.DONE] - report.burn_up.due,
        },
        "forecast": _forecast(report.burn_up),
        "burn_up": _burn_up(report.burn_up),
        "people": _people(report),
        "personal_devices": {word.value: n for word, n in report.people.devices.items()},
        "personal_devices_change": {
            word.value: report.devices_change(word) for word in report.people.devices
        },
        "tomorrow": _tomorrow(report.tomorrow),
        "board": board(report.board, zone),
    }
    items = [_item(line, zone) for line in report.exceptions]
    return Document(head, "exceptions", items, len(items))


def _previous(report: DailyReport) -> dict[str, Any] | None:
    before = report.before
    if before is None:
        return None
    return {
        "as_of": iso(before.as_of, before.zone),
        "total": before.total,
        "summary": {word.value: number for word, number in before.standing.items()},
        "change": {word.value: report.change(word) for word in Standing},
        "by_state": _words(before.by_state),
    }


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _words(states: Mapping[MachineState, int]) -> dict[str, int]:
    return {state.value: number for state, number in states.items()}


def _splits(key: str, splits: Iterable[Split]) -> list[dict[str, Any]]:
    return [
        {key: split.name, "total": split.total, "by_state": _words(split.states)}
        for split in splits
    ]


def _spares(summary: StatusReport) -> list[dict[str, Any]]:
    return [
        {
            "site": pool.site,
            "left": pool.free,
            "out": pool.out,
            "in_ledger": pool.total,
            "configured": pool.configured,
        }
        for pool in summary.spares
    ]


def _forecast(burn_up: BurnUp) -> dict[str, Any]:
    made = burn_up.forecast
    found = made.outlook
    return {
        "left": made.left,
        "undated": made.undated,
        "required_per_day": made.required_per_day,
        "actual_per_day": made.actual_per_day,
        "p10": _day(found.p10 if found else None),
        "p50": _day(found.p50 if found else None),
        "p90": _day(found.p90 if found else None),
        "probability": round(found.probability, 4) if found else None,
        "missing": made.missing.lack.value if made.missing else None,
    }


def _burn_up(burn_up: BurnUp) -> dict[str, Any]:
    return {
        "total": burn_up.total,
        "days": [
            {
                "day": _day(day.day),
                "off": day.off.value if day.off else None,
                "planned": day.planned,
                "done": day.done,
                "low": day.low,
                "middle": day.middle,
                "high": day.high,
            }
            for day in burn_up.days
        ],
    }


def _people(report: DailyReport) -> dict[str, Any]:
    people, before = report.people, report.people_before
    return {
        "in_service": people.people,
        "counted_at": iso(people.counted_at, report.summary.zone),
        "counted_before": iso(before.counted_at if before else None, report.summary.zone),
        "figures": {
            share.figure.value: {
                "number": share.number,
                "change": report.people_change(share),
                "of": share.of,
                "blocked": share.blocked,
            }
            for share in people.shares
        },
        "obstacles": [
            {"part": effect.part.value, "people": effect.people, "alone": effect.alone}
            for effect in people.obstacles
        ],
    }


def _tomorrow(tomorrow: Tomorrow) -> dict[str, Any]:
    return {
        "day": _day(tomorrow.day),
        "sites": [
            {
                "site": work.site,
                "due": work.due,
                "overdue": work.overdue,
                "room": work.room,
                "waves": list(work.waves),
                "departments": list(work.departments),
            }
            for work in tomorrow.sites
        ],
    }


def board(board: Board, zone: ZoneInfo) -> dict[str, Any]:
    """The programme board, as `rollout programme show --json` prints it too."""
    return {
        "milestones": [
            {
                "key": line.key,
                "name": line.name,
                "due": _day(line.due),
                "owner": line.owner,
                "state": line.state.value,
                "since": iso(line.since, zone),
                "cause": line.cause,
                "late": line.late,
                "days_late": line.days_late,
            }
            for line in board.milestones
        ],
        "indicators": [
            {
                "key": line.key,
                "name": line.name,
                "unit": line.unit,
                "owner": line.owner,
                "better": line.better.value,
                "fiscal_year": line.year,
                "target": line.target,
                "actual": line.actual,
                "said_at": iso(line.said_at, zone),
                "standing": line.standing.value,
                "late": line.late,
            }
            for line in board.indicators
        ],
        "late": board.late,
    }


def _item(line: ExceptionLine, zone: ZoneInfo) -> dict[str, Any]:
    return {
        "kind": line.kind.value,
        "name": line.name,
        "asset_tag": line.name if line.kind is ExceptionKind.MACHINE else None,
        "generation": line.generation,
        "site": line.site,
        "department": line.bureau,
        "division": line.division,
        "state": line.state.value,
        "since": iso(line.since, zone),
        "days": line.days,
        "step": line.step.value if line.step else None,
        "cause": line.cause,
        "owner": line.owner,
        "in_charge": line.in_charge or None,
        "next_date": _day(line.next_date),
        "overdue": line.overdue,
        "held_from": line.held_from.value if line.held_from else None,
        "approver": line.approver,
        "fiscal_year": line.year,
    }
