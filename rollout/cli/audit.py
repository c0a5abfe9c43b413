"""`rollout audit`"""

import typer

from rollout.cli.invocation import AsJson, invocation
from rollout.cli.output import print_json, progress_bar, say
from rollout.domain.errors import RolloutError
from rollout.i18n import _

app = typer.Typer(name="audit", help=_("The history."), no_args_is_help=True)


@app.callback()
def group() -> None:
    """A group of its own, although it has one command yet."""


@app.command(help=_("Walk the hash chain of the history from its first row."))
def verify(context: typer.Context, as_json: AsJson = False) -> None:
    from rollout.store import history

    application = invocation(context).application()
    with (
        application.database.read() as session,
        progress_bar(_("rows"), history.count(session)) as bar,
    ):
        verdict = history.verify(session, bar)
    if as_json:
        print_json(
            {
                "holds": verdict.holds,
                "rows": verdict.rows,
                "head": verdict.head,
                "broken_at": verdict.broken_at,
                "why": verdict.why,
            }
        )
    elif verdict.holds:
        say(
            _("{rows} {rows:row|rows}, the chain holds, {head}").format(
                rows=verdict.rows, head=verdict.head
            )
        )
    if not verdict.holds:
        raise RolloutError(
            _(
                "the history does not hold from row {row} on: {why}; compare with the last export "
                "or backup that does"
            ).format(row=verdict.broken_at or _("the end"), why=verdict.why)
        )
