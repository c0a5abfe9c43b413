"""A machine as a listing and its own page tell of it."""

from datetime import date
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from rollout.cli import retirement, spare
from rollout.cli.output import moment, print_table
from rollout.i18n import _

if TYPE_CHECKING:
    from rollout.application.machines import MachineView
    from rollout.store.machines import Joined


def as_json(joined: "Joined", zone: ZoneInfo) -> dict[str, Any]:
    """A machine with stable keys."""
    machine = joined.machine
    return {
        "asset_tag": machine.asset_tag,
        "serial": machine.serial,
        "computer_name": machine.computer_name,
        "generation": machine.generation,
        "model": machine.model,
        "site": joined.site,
        "department": joined.bureau,
        "division": joined.division,
        "owner": joined.owner,
        "staff_number": joined.staff_number,
        "purpose": machine.purpose,
        "state": machine.state,
        "state_since": moment(machine.state_since, zone),
        "step": machine.step,
        "attempt": machine.attempt,
        "cause": joined.cause,
        "held_from": machine.held_from,
        "hold_until": machine.hold_until.isoformat() if machine.hold_until else None,
        "wave": joined.wave,
        "planned_day": machine.planned_day.isoformat() if machine.planned_day else None,
        "image_id": machine.image_id,
        "last_seen_at": moment(machine.last_seen_at, zone),
        "spare": joined.spare,
        "stands_in_for": joined.stands_in_for,
    }


def columns() -> list[str]:
    """Headings of a listing."""
    return [
        _("asset tag"),
        _("state"),
        _("since"),
        _("site"),
        _("department"),
        _("owner"),
        _("wave"),
        _("day"),
        _("cause"),
        _("spare"),
    ]


def as_row(joined: "Joined", zone: ZoneInfo) -> list[object]:
    """One line of a listing."""
    from rollout.domain.machine import MachineState
    from rollout.i18n.labels import label

    machine = joined.machine
    return [
        machine.asset_tag,
        label(MachineState(machine.state)),
        f"{machine.state_since.astimezone(zone):%m-%d %H:%M}",
        joined.site,
        joined.bureau,
        joined.owner,
        joined.wave,
        machine.planned_day,
        joined.cause,
        joined.spare or (f"→ {joined.stands_in_for}" if joined.stands_in_for else None),
    ]


def view_json(view: "MachineView", zone: ZoneInfo, day: date) -> dict[str, Any]:
    from rollout.application.exports.retirements import item

    return {
        **as_json(view.joined, zone),
        "loan": spare.loan_json(view.loan, zone) if view.loan else None,
        "asked": {
            "by": view.asked.actor,
            "at": moment(view.asked.created_at, zone),
            "answered_at": moment(view.asked.answered_at, zone),
            "answer": view.asked.answer,
            "refused": view.asked.refused,
        }
        if view.asked
        else None,
        "retirement": item(view.replaced, zone, day) if view.replaced else None,
        "pending_controls": list(view.pending),
        "history": [
            {
                "at": moment(row.at, zone),
                "actor": row.actor,
                "verb": row.verb,
                "from": row.from_state,
                "to": row.to_state,
                "reason": row.reason,
                "run": row.run_id,
            }
            for row in view.history
        ],
        "claims": [
            {
                "epoch": claim.id,
                "step": claim.step,
                "attempt": claim.attempt,
                "run": claim.run_id,
                "created_at": moment(claim.created_at, zone),
                "deadline_at": moment(claim.deadline_at, zone),
                "armed_at": moment(claim.armed_at, zone),
                "consumed_at": moment(claim.consumed_at, zone),
                "ended_at": moment(claim.ended_at, zone),
                "outcome": claim.outcome,
            }
            for claim in view.claims
        ],
        "evidence": [
            {
                "control": item.control,
                "value": item.value,
                "verdict": item.verdict,
                "source": item.source,
                "measured_at": moment(item.measured_at, zone),
                "run": item.run_id,
            }
            for item in view.evidence
        ],
    }


def print_view(view: "MachineView", zone: ZoneInfo, day: date) -> None:
    from rollout.application.control_words import control_word, control_words
    from rollout.application.fact_words import fact_words
    from rollout.domain.controls import Verdict
    from rollout.domain.machine import MachineState, Step
    from rollout.domain.run import ClaimOutcome
    from rollout.i18n.labels import label

    joined, machine, words = view.joined, view.joined.machine, fact_words()
    print_table(
        ["", ""],
        [
            [_("asset tag"), machine.asset_tag],
            [_("state"), label(MachineState(machine.state))],
            [_("cause"), joined.cause],
            [_("generation"), machine.generation],
            [_("serial"), machine.serial],
            [_("computer name"), machine.computer_name],
            [_("site"), joined.site],
            [_("department"), " ".join(filter(None, (joined.bureau, joined.division)))],
            [_("owner"), " ".join(filter(None, (joined.staff_number, joined.owner)))],
            [_("wave"), joined.wave],
            [_("day"), machine.planned_day],
            [_("image"), machine.image_id],
            [_("last seen"), moment(machine.last_seen_at, zone)],
            [_("spare"), spare_words(view)],
            [_("asked"), asked_words(view, zone)],
            [_("measured again"), control_words(view.pending)],
        ],
    )
    if view.replaced:
        retirement.print_retirement(view.replaced, zone, day)
    print_table(
        [
            _("time"),
            _("who"),
            _("what"),
            _("state before"),
            _("state after"),
            _("run"),
            _("reason"),
        ],
        [
            [
                moment(row.at, zone),
                row.actor,
                words.verb((row.noun, row.verb)),
                words.state((row.noun, row.from_state)),
                words.state((row.noun, row.to_state)),
                row.run_id,
                row.reason,
            ]
            for row in view.history
        ],
        title=_("history"),
    )
    if view.claims:
        print_table(
            [_("epoch"), _("step"), _("attempt"), _("run"), _("armed"), _("used"), _("outcome")],
            [
                [
                    claim.id,
                    label(Step(claim.step)),
                    claim.attempt,
                    claim.run_id,
                    moment(claim.armed_at, zone),
                    moment(claim.consumed_at, zone),
                    label(ClaimOutcome(claim.outcome)) if claim.outcome else None,
                ]
                for claim in view.claims
            ],
            title=_("claims"),
        )
    if view.evidence:
        print_table(
            [_("control"), _("value"), _("verdict"), _("source")],
            [
                [control_word(item.control), item.value, label(Verdict(item.verdict)), item.source]
                for item in view.evidence
            ],
            title=_("evidence"),
        )


def asked_words(view: "MachineView", zone: ZoneInfo) -> str | None:
    """The newest request to probe the machine, with what came of it."""
    from rollout.application.command_words import outcome_of

    if view.asked is None:
        return None
    return _("by {who}, {at}: {outcome}").format(
        who=view.asked.actor, at=moment(view.asked.created_at, zone), outcome=outcome_of(view.asked)
    )


def spare_words(view: "MachineView") -> str | None:
    """Which spare stands in for the machine, or for which it stands in itself."""
    loan = view.loan
    if loan is None:
        return None
    if loan.spare == view.joined.machine.asset_tag:
        return _("with {owner}, in place of {machine}").format(
            owner=loan.owner, machine=loan.machine
        )
    return _("{spare} stands in for it").format(spare=loan.spare)
