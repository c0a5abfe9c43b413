"""`rollout training`"""

from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rollout.cli.invocation import AsJson, invocation
from rollout.cli.output import print_json, print_table, say
from rollout.i18n import _

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rollout.application.training.status import Missing, Share, TrainingStatus

app = typer.Typer(
    name="training", help=_("Training: who has had what is demanded."), no_args_is_help=True
)

SHOWN = 50
"""People that are printed before the rest is only counted."""


@app.command(help=_("The share of trained people by department and wave, and who is missing."))
def status(
    context: typer.Context,
    department: Annotated[
        str | None,
        typer.Option(help=_("only this bureau, or bureau and division with a space between")),
    ] = None,
    as_json: AsJson = False,
) -> None:
    from rollout.application.training.status import status as status_of

    application = invocation(context).application()
    zone = application.settings.programme.zone
    today: date = application.clock.now().astimezone(zone).date()
    found = status_of(application.database, application.settings, today, department=department)
    if as_json:
        print_json(_json(found))
    else:
        _print(found)


@app.command(help=_("Tell the promoters of offices by mail who of theirs is missing."))
def remind(
    context: typer.Context,
    dry_run: Annotated[bool, typer.Option("--dry-run", help=_("only show whom it tells"))] = False,
    as_json: AsJson = False,
) -> None:
    from rollout.application.training.reminding import remind as remind_them

    call = invocation(context)
    application = call.application()
    done = remind_them(
        application.database,
        application.settings,
        application.operator(call.actor),
        application.clock.now(),
        dry_run=dry_run,
    )
    if as_json:
        print_json(
            {
                "planned": done.planned,
                "promoters": [
                    {"staff_number": one.staff_number, "name": one.name, "missing": one.missing}
                    for one in done.promoters
                ],
                "unknown_promoters": list(done.unknown),
                "offices_without": [
                    {"department": office, "missing": count}
                    for office, count in done.offices_without.items()
                ],
            }
        )
        return
    print_table(
        [_("staff number"), _("promoter"), _("people missing")],
        [[one.staff_number, one.name, one.missing] for one in done.promoters],
    )
    for number in done.unknown:
        say(_("{number}: not in service; correct [training.promoters]").format(number=number))
    for office, count in done.offices_without.items():
        say(
            _(
                "{office}: {count} {count:person is|people are} missing, and no promoter is named"
            ).format(office=office or "-", count=count)
        )
    if not dry_run:
        say(
            _(
                "{count} {count:mail waits|mails wait} in the outbox: `rollout notice plan` "
                "shows them"
            ).format(count=done.planned)
        )


def _json(found: "TrainingStatus") -> dict[str, Any]:
    return {
        "courses": [
            {"name": course.name, "records": course.records, "demanded": course.demanded}
            for course in found.courses
        ],
        "people": found.people,
        "trained": found.trained,
        "by_department": _shares_json("department", found.by_department),
        "by_wave": _shares_json("wave", found.by_wave),
        "missing": [
            {
                "staff_number": entry.person.staff_number,
                "name": entry.person.name,
                "department": entry.person.bureau,
                "division": entry.person.division,
                "wave": entry.person.wave,
                "promoter": entry.person.promoter,
                "courses": list(entry.courses),
            }
            for entry in found.missing
        ],
        "promoters": [
            {
                "staff_number": person.staff_number,
                "name": person.name,
                "department": person.bureau,
                "division": person.division,
            }
            for person in found.promoters
        ],
    }


def _shares_json(key: str, shares: "Sequence[Share]") -> list[dict[str, Any]]:
    return [
        {
            key: share.name,
            "people": share.people,
            "trained": share.trained,
            "share": round(share.trained / share.people, 4),
        }
        for share in shares
    ]


def _print(found: "TrainingStatus") -> None:
    if not found.demanded:
        say(_("no training is demanded: name courses under [training] in rollout.toml"))
        if found.courses:
            say(
                _("courses with records: {courses}").format(
                    courses=", ".join(f"{one.name} ({one.records})" for one in found.courses)
                )
            )
        return
    say(
        _("{trained} of {people} people have had {courses}: {share:.1%}").format(
            trained=found.trained,
            people=found.people,
            courses=", ".join(found.demanded),
            share=found.trained / found.people if found.people else 0,
        )
    )
    for course in found.courses:
        if course.demanded and not course.records:
            say(
                _(
                    "there is no record of {course} at all: `rollout import training FILE`, or "
                    "correct the name under [training]"
                ).format(course=course.name)
            )
    for title, shares in (
        (_("department"), found.by_department),
        (_("wave"), found.by_wave),
    ):
        print_table(
            [title, _("people"), _("trained"), _("share")],
            [
                [
                    _("(none)") if share.name is None else share.name,
                    share.people,
                    share.trained,
                    f"{share.trained / share.people:.1%}",
                ]
                for share in shares
            ],
        )
    if found.promoters:
        print_table(
            [_("department"), _("division"), _("promoter")],
            [
                [person.bureau, person.division, f"{person.staff_number} {person.name}"]
                for person in found.promoters[:SHOWN]
            ],
            title=_("promoters of the people's list"),
        )
    _print_missing(found.missing)


def _print_missing(missing: "Sequence[Missing]") -> None:
    if not missing:
        return
    print_table(
        [_("staff number"), _("name"), _("department"), _("division"), _("wave"), _("missing")],
        [
            [
                entry.person.staff_number,
                f"{entry.person.name} ({_('promoter')})"
                if entry.person.promoter
                else entry.person.name,
                entry.person.bureau,
                entry.person.division,
                entry.person.wave,
                ", ".join(entry.courses),
            ]
            for entry in missing[:SHOWN]
        ],
        title=_("who is missing"),
    )
    if len(missing) > SHOWN:
        say(_("and {number} more: see --json").format(number=len(missing) - SHOWN))
