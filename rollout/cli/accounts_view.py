"""Plans and states of accounts as they are printed."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from rollout.cli.output import moment, print_table, say
from rollout.domain.account import AccountState, CloudService, PlannedAction
from rollout.domain.departments import DepartmentChangeKind
from rollout.i18n import _
from rollout.i18n.labels import label

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from rollout.application.accounts.following import Reorganised
    from rollout.application.accounts.plan import Proposal
    from rollout.store.database import Database
    from rollout.store.tables import Account

SHOWN = 30
"""Lines that are printed before the rest is only counted."""

Counts = Mapping[tuple[str, str], int]


Rows = Sequence[tuple["Account", str, str]]


def status_json(counts: Counts, blocked: Rows, missed: Rows) -> dict[str, Any]:
    """Counts by service and state, what is blocked and what is gone, with stable keys."""
    return {
        "services": {
            service.value: {
                state.value: counts.get((service.value, state.value), 0) for state in AccountState
            }
            for service in CloudService
        },
        "blocked": [
            {
                "staff_number": number,
                "service": row.service,
                "cause": row.cause,
                "request_id": row.request_id,
                "client_request_id": row.client_request_id,
            }
            for row, number, _name in blocked
        ],
        "missed": [
            {
                "staff_number": number,
                "service": row.service,
                "cause": row.cause,
                "since": row.state_since,
            }
            for row, number, _name in missed
        ],
    }


def print_counts(counts: Counts) -> None:
    """Services against states."""
    print_table(
        [_("service"), *(label(state) for state in AccountState)],
        [
            [
                label(service),
                *(counts.get((service.value, state.value), 0) for state in AccountState),
            ]
            for service in CloudService
        ],
    )


def proposal_json(proposal: "Proposal") -> dict[str, Any]:
    """A plan with stable keys."""
    return {
        "plan": proposal.number,
        "totals": {
            service.value: {
                action.value: proposal.totals()[service, action] for action in PlannedAction
            }
            for service in CloudService
        },
        "stock": [
            {
                "part_number": one.part_number,
                "enabled": one.enabled,
                "consumed": one.consumed,
                "needed": one.needed,
                "missing": one.missing,
                "runs_out": one.runs_out,
            }
            for one in proposal.stock
        ],
        "moves": [
            {
                "staff_number": one.staff_number,
                "from": one.from_,
                "to": one.to,
                "leaves_old_group_after": one.until if one.from_ else None,
            }
            for one in proposal.moves
        ],
        "reorganised": [
            {
                "day": one.day,
                "kind": one.kind,
                "from": one.before,
                "to": one.after,
                "keeps_its_group": one.keeps,
            }
            for one in proposal.reorganised
        ],
        "taken_away": list(proposal.taken_away),
        "new_names": [
            {"group": one.address, "from": one.before, "to": one.after}
            for one in proposal.new_names
        ],
        "services": [
            {
                "staff_number": one.person.staff_number,
                "service": one.service.value,
                "action": one.action.value,
                "cause": one.cause,
            }
            for one in proposal.decisions
            if one.action is not PlannedAction.KEEP
        ],
    }


def print_moves(proposal: "Proposal", day: date) -> None:
    """Who joins another group, and when the old one is left."""
    if not proposal.moves:
        return
    print_table(
        [_("staff number"), _("from"), _("joins"), _("leaves the old group after")],
        [
            [one.staff_number, one.from_, one.to, one.until if one.from_ else None]
            for one in proposal.moves[:SHOWN]
        ],
        title=_("what the transfers change by {day}").format(day=day.isoformat()),
    )
    if len(proposal.moves) > SHOWN:
        say(_("and {number} more: see --json").format(number=len(proposal.moves) - SHOWN))


def print_groups(proposal: "Proposal") -> None:
    """Groups that get a new name, and what becomes of those of reorganised departments."""
    if proposal.new_names:
        print_table(
            [_("group"), _("from"), _("to")],
            [[one.address, one.before, one.after] for one in proposal.new_names],
            title=_("groups that get the new name of their department"),
        )
    if proposal.reorganised:
        print_table(
            [_("effective day"), _("change"), _("from"), _("to"), _("group")],
            [
                [
                    one.day,
                    label(DepartmentChangeKind(one.kind)),
                    one.before,
                    one.after or "",
                    _of_group(one),
                ]
                for one in proposal.reorganised
            ],
            title=_("departments that change"),
        )


def _of_group(one: "Reorganised") -> str:
    if one.keeps:
        return _("stays, with the new name")
    return _("people join that of the new department") if one.after else _("stays as it is")


def print_proposal(proposal: "Proposal", as_of: date | None = None) -> None:
    """Totals, seats, and what there is to do; the blocked first. What is `as_of` a day has no
    number, and no command does it."""
    totals = proposal.totals()
    print_table(
        [_("service"), *(label(action) for action in PlannedAction)],
        [
            [label(service), *(totals[service, action] for action in PlannedAction)]
            for service in CloudService
        ],
        title=_("on {day}; nothing of it is kept").format(day=as_of)
        if as_of is not None
        else _("plan {number}").format(number=proposal.number),
    )
    print_table(
        [_("licence"), _("bought"), _("given"), _("needed"), _("to buy"), _("runs out on")],
        [
            [
                one.part_number,
                one.enabled,
                one.consumed,
                one.needed,
                one.missing,
                one.runs_out or "-",
            ]
            for one in proposal.stock
        ],
    )
    print_groups(proposal)
    if proposal.taken_away:
        say(
            _(
                "left out, since their access was taken away: {numbers}; "
                "`rollout accounts restore` gives it back"
            ).format(numbers=", ".join(proposal.taken_away[:SHOWN]))
        )
    doing = [one for one in proposal.decisions if one.action is not PlannedAction.KEEP]
    if not doing:
        if not proposal.new_names:
            say(_("there is nothing to do"))
        return
    print_table(
        [_("staff number"), _("name"), _("service"), _("what"), _("cause")],
        [
            [
                one.person.staff_number,
                one.person.name,
                label(one.service),
                label(one.action),
                one.cause or "",
            ]
            for one in sorted(doing, key=lambda one: one.action is not PlannedAction.BLOCKED)[
                :SHOWN
            ]
        ],
    )
    if len(doing) > SHOWN:
        say(_("and {number} more: see --json").format(number=len(doing) - SHOWN))
    if as_of is None and any(one.action is not PlannedAction.BLOCKED for one in doing):
        say(_("`rollout accounts apply` does this"))


def print_blocked(database: "Database") -> None:
    """What waits for a person, with the directory's words."""
    from rollout.store import accounts

    with database.read() as session:
        blocked = accounts.in_states(session, [AccountState.BLOCKED], limit=SHOWN + 1)
    if not blocked:
        return
    requests = _("its request, and our number for it")
    rows: list[list[str | None]] = []
    for row, number, name in blocked[:SHOWN]:
        first, *more = _requests(row)
        rows.append([number, name, label(CloudService(row.service)), row.cause, first])
        rows += [["", "", "", "", one] for one in more]
    print_table(
        [_("staff number"), _("name"), _("service"), _("cause"), requests],
        rows,
        title=_("blocked"),
        whole=requests,
    )
    if len(blocked) > SHOWN:
        say(_("and more: see `rollout accounts status --json`"))


def print_missed(missed: Rows, zone: "ZoneInfo") -> None:
    """Whose services were there and are gone from the directory."""
    if not missed:
        return
    print_table(
        [_("staff number"), _("name"), _("service"), _("since"), _("cause")],
        [
            [
                number,
                name,
                label(CloudService(row.service)),
                moment(row.state_since, zone),
                row.cause,
            ]
            for row, number, name in missed[:SHOWN]
        ],
        title=_("gone from the directory"),
    )
    if len(missed) > SHOWN:
        say(_("and {number} more: see --json").format(number=len(missed) - SHOWN))


def _requests(row: "Account") -> list[str]:
    """What the vendor's support asks for: the service's number of the request, and ours."""
    return [one for one in (row.request_id, row.client_request_id) if one] or ["-"]
