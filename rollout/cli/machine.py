"""`rollout machine`"""

from datetime import date
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from rollout.cli import host_key, retirement, spare
from rollout.cli.invocation import AsJson, Reason, invocation
from rollout.cli.options import day_option
from rollout.cli.output import moment, print_json, print_table, say
from rollout.i18n import _

if TYPE_CHECKING:
    from rollout.application.machines import MachineView
    from rollout.store.machines import Joined

app = typer.Typer(
    name="machine", help=_("Machines: where each stands, and what to do."), no_args_is_help=True
)

Tag = Annotated[str, typer.Argument(help=_("asset tag"), metavar="TAG")]
Tags = Annotated[list[str], typer.Argument(help=_("asset tags"), metavar="TAG...")]


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


@app.command("list", help=_("Machines that match every given filter."))
def list_(
    context: typer.Context,
    state: Annotated[list[str] | None, typer.Option(help=_("only in this state"))] = None,
    site: Annotated[list[str] | None, typer.Option(help=_("only at this site"))] = None,
    generation: Annotated[list[str] | None, typer.Option(help=_("only of this generation"))] = None,
    wave: Annotated[list[int] | None, typer.Option(help=_("only of this wave"))] = None,
    purpose: Annotated[
        list[str] | None,
        typer.Option(help=_("only of this purpose: personal, shared, counter, spare")),
    ] = None,
    text: Annotated[str, typer.Option(help=_("part of tag, computer name or owner"))] = "",
    needs_a_person: Annotated[
        bool, typer.Option("--needs-a-person", help=_("only what nobody but a person can settle"))
    ] = False,
    limit: Annotated[int, typer.Option(min=1, help=_("how many at most"))] = 1000,
    as_json_: AsJson = False,
) -> None:
    from rollout.application import machines
    from rollout.application.ledger.words import purpose_of
    from rollout.domain.machine import MachineState
    from rollout.store.machines import Filter

    known = {word.value for word in MachineState}
    for word in state or ():
        if word not in known:
            raise typer.BadParameter(
                _("{word!r} is not a state: one of {known}").format(
                    word=word, known=", ".join(MachineState)
                )
            )
    application = invocation(context).application()
    zone = application.settings.programme.zone
    wanted = Filter(
        tuple(state or ()),
        tuple(site or ()),
        tuple(generation or ()),
        tuple(wave or ()),
        text,
        purposes=tuple(purpose_of(word) for word in purpose or ()),
        needs_a_person=needs_a_person,
    )
    rows = machines.listing(application.database, wanted, limit=limit)
    if as_json_:
        print_json([as_json(joined, zone) for joined in rows])
        return
    if not rows:
        say(_("no machine matches"))
        return
    print_table(columns(), [as_row(joined, zone) for joined in rows])
    if len(rows) == limit:
        say(_("only the first {limit}: see --limit").format(limit=limit))


@app.command(help=_("One machine with its whole history."))
def show(context: typer.Context, tag: Tag, as_json_: AsJson = False) -> None:
    from rollout.application import machines
    from rollout.application.choosing import today

    application = invocation(context).application()
    zone = application.settings.programme.zone
    day = today(application.settings, application.clock.now())
    view = machines.show(application.database, tag)
    if as_json_:
        print_json(_view_json(view, zone, day))
    else:
        _print_view(view, zone, day)


def _view_json(view: "MachineView", zone: ZoneInfo, day: date) -> dict[str, Any]:
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


def _print_view(view: "MachineView", zone: ZoneInfo, day: date) -> None:
    from rollout.application.host_keys import HostKeyVerb
    from rollout.domain.machine import MachineState, MachineVerb, Step
    from rollout.domain.retirement import ErasureVerb
    from rollout.domain.spare import SpareVerb
    from rollout.i18n.labels import label

    joined, machine = view.joined, view.joined.machine
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
            [_("measured again"), ", ".join(view.pending)],
        ],
    )
    if view.replaced:
        retirement.print_retirement(view.replaced, zone, day)
    known_states = {state.value: label(state) for state in MachineState}
    verbs = (*MachineVerb, *SpareVerb, *ErasureVerb, *HostKeyVerb)
    known_verbs = {verb.value: label(verb) for verb in verbs}
    print_table(
        [_("time"), _("who"), _("what"), _("from"), _("to"), _("run"), _("reason")],
        [
            [
                moment(row.at, zone),
                row.actor,
                known_verbs.get(row.verb, row.verb),
                known_states.get(row.from_state or "", row.from_state),
                known_states.get(row.to_state or "", row.to_state),
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
                    claim.outcome,
                ]
                for claim in view.claims
            ],
            title=_("claims"),
        )
    if view.evidence:
        print_table(
            [_("control"), _("value"), _("verdict"), _("source")],
            [[item.control, item.value, item.verdict, item.source] for item in view.evidence],
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


def _move(
    context: typer.Context,
    tags: list[str],
    verb: str,
    reason: str | None,
    until: date | None = None,
) -> None:
    from rollout.application import machines
    from rollout.domain.machine import MachineState, MachineVerb
    from rollout.i18n.labels import label

    given = invocation(context)
    application = given.application()
    moved = machines.move(
        application.database,
        tags,
        MachineVerb(verb),
        application.operator(given.actor),
        application.clock.now(),
        reason=reason,
        until=until,
    )
    for one in moved:
        say(f"{one.key}: {label(MachineState(one.to_state))}")


@app.command(help=_("What went wrong, grouped by cause."))
def failures(
    context: typer.Context,
    wave: Annotated[list[int] | None, typer.Option(help=_("only of this wave"))] = None,
    as_json_: AsJson = False,
) -> None:
    from rollout.application import failures as grouped
    from rollout.domain.machine import MachineState, Step
    from rollout.i18n.labels import label

    application = invocation(context).application()
    found = grouped.groups(application.database, tuple(wave or ()))
    if as_json_:
        print_json(
            [
                {
                    "state": group.state,
                    "step": group.step,
                    "cause": group.cause,
                    "count": len(group.tags),
                    "held": group.held,
                    "machines": list(group.tags),
                }
                for group in found
            ]
        )
        return
    if not found:
        say(_("nothing has failed"))
        return
    print_table(
        [_("count"), _("held"), _("state"), _("step"), _("cause"), _("machines")],
        [
            [
                len(group.tags),
                group.held or None,
                label(MachineState(group.state)),
                label(Step(group.step)) if group.step else None,
                group.cause,
                ", ".join(group.tags[:5]) + (" …" if len(group.tags) > 5 else ""),
            ]
            for group in found
        ],
    )


@app.command(help=_("Send a failed or silent machine back to the start of its step."))
def retry(
    context: typer.Context,
    tags: Tags,
    reason: Reason = None,
    settled: Annotated[
        str | None,
        typer.Option(
            help=_("what was found at a machine whose reimage is in doubt: done or not-started")
        ),
    ] = None,
) -> None:
    from rollout.application import machines
    from rollout.i18n.labels import label

    if settled is not None and settled not in set(machines.Settled):
        raise typer.BadParameter(_("--settled is done or not-started"))
    given = invocation(context)
    application = given.application()
    operator = application.operator(given.actor)
    for tag in tags:
        state = machines.retry(
            application.database,
            tag,
            operator,
            application.clock.now(),
            reason=reason,
            settled=machines.Settled(settled) if settled else None,
        )
        if state is not None:
            say(f"{tag}: {label(state)}")
        else:
            say(
                _(
                    "{tag}: it may have been rewritten, so the daemon asks it first; "
                    "see `rollout machine show {tag}`"
                ).format(tag=tag)
            )


@app.command(help=_("Keep machines back."))
def hold(
    context: typer.Context,
    tags: Tags,
    reason: Reason = None,
    until: Annotated[date | None, day_option("--until", _("day on which to look again"))] = None,
) -> None:
    _move(context, tags, "hold", reason, until)


@app.command(help=_("Let held machines go on from where they were."))
def release(context: typer.Context, tags: Tags, reason: Reason = None) -> None:
    _move(context, tags, "release", reason)


@app.command(help=_("Take machines out of the programme."))
def exclude(context: typer.Context, tags: Tags, reason: Reason = None) -> None:
    _move(context, tags, "exclude", reason)


@app.command(help=_("Take excluded machines in again."))
def readmit(context: typer.Context, tags: Tags, reason: Reason = None) -> None:
    _move(context, tags, "readmit", reason)


for name, (command, text) in {**spare.COMMANDS, **retirement.COMMANDS, **host_key.COMMANDS}.items():
    app.command(name, help=text)(command)
