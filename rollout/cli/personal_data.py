"""`rollout personal-data`"""

from typing import TYPE_CHECKING, Annotated

import typer

from rollout.cli.invocation import AsJson, invocation
from rollout.cli.options import said, staff_number
from rollout.cli.output import print_json, print_table, progress_bar, say
from rollout.domain.errors import RolloutError
from rollout.i18n import _

if TYPE_CHECKING:
    from rollout.application.personal_data import Due
    from rollout.bootstrap import Application

app = typer.Typer(
    name="personal-data",
    help=_("Personal data: who is gone for long enough to be forgotten."),
    no_args_is_help=True,
)

Numbers = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="STAFF_NUMBER",
        parser=staff_number,
        help=_("staff numbers; everybody who is due by default"),
    ),
]


@app.command("list", help=_("Who may be forgotten."))
def list_(context: typer.Context, as_json: AsJson = False) -> None:
    from rollout.application import personal_data

    application = invocation(context).application()
    people = personal_data.due(application.database, application.settings, application.clock.now())
    if as_json:
        print_json(
            [
                {
                    "staff_number": person.staff_number,
                    "gone_since": person.gone_since,
                    "machines": person.machines,
                }
                for person in people
            ]
        )
    elif not people:
        say(_("nobody is due: see [personal_data] keep_days"))
    else:
        print_table(
            [_("staff number"), _("name"), _("gone since"), _("machines")],
            [[one.staff_number, one.name, one.gone_since, one.machines] for one in people],
        )


@app.command(help=_("Take names and staff numbers out of every table; a pseudonym stays."))
def forget(
    context: typer.Context,
    staff_numbers: Numbers = None,
    reason: Annotated[
        str | None,
        typer.Option(
            "--reason",
            parser=said,
            metavar=_("TEXT"),
            help=_("why, without the name; kept in the history"),
        ),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help=_("do not ask"))] = False,
) -> None:
    from rollout.adapters import holder
    from rollout.application import personal_data
    from rollout.cli.confirming import confirm
    from rollout.settings import OperatorRole

    given = invocation(context)
    application = given.application()
    operator = application.operator(given.actor)
    operator.must_be(OperatorRole.APPROVER)
    if reason is None:
        raise RolloutError(_("say why: --reason"))
    now = application.clock.now()
    people = personal_data.chosen(
        application.database, application.settings, staff_numbers or (), now
    )
    if not people:
        say(_("nobody is due: see [personal_data] keep_days"))
        return
    _show(application, people)
    confirm(_("Forget {count} {count:person|people} for good?").format(count=len(people)), yes=yes)
    with progress_bar(_("people")) as bar:
        done = personal_data.forget(
            application.database,
            application.archive,
            people,
            operator,
            reason,
            now,
            holder=holder.own_name(),
            gone=holder.is_gone,
            progress=bar,
        )
    say(
        _(
            "{people} {people:person|people} forgotten: {facts} {facts:fact|facts} and "
            "{texts} {texts:text|texts} without them, {runs} run {runs:folder|folders} "
            "removed; the history holds on"
        ).format(
            people=len(done),
            facts=sum(one.facts for one in done),
            texts=sum(one.texts for one in done),
            runs=sum(one.runs for one in done),
        )
    )
    _tell_of_copies(application)


def _show(application: "Application", people: "list[Due]") -> None:
    from rollout.application import personal_data

    with progress_bar(_("people"), len(people)) as bar:
        rows = []
        for place, person in enumerate(people, start=1):
            seen = personal_data.preview(application.database, person.person_id)
            rows.append(
                [
                    person.staff_number,
                    person.name,
                    person.gone_since,
                    person.machines,
                    seen.facts,
                    seen.texts,
                    seen.runs,
                ]
            )
            bar(place, len(people))
    print_table(
        [
            _("staff number"),
            _("name"),
            _("gone since"),
            _("machines"),
            _("facts"),
            _("texts"),
            _("runs"),
        ],
        rows,
    )


def _tell_of_copies(application: "Application") -> None:
    from rollout.application import backup

    folder = application.settings.backup.folder
    copies = backup.kept(folder)
    say(
        _("Backups made before still hold them: {count} nightly ones in {folder}, each gone after "
          "{keep} nights, and those made by hand, which you remove.").format(
            count=len(copies), folder=folder, keep=application.settings.backup.keep
        )
    )  # fmt: skip
