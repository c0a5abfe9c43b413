"""`rollout machine spare`, `spare-return` and `spares`"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from rollout.cli.invocation import AsJson, Reason, invocation
from rollout.cli.options import asset_tag
from rollout.cli.output import moment, print_json, print_table, say
from rollout.i18n import _

if TYPE_CHECKING:
    from rollout.application.spares import Loan, SparePool


def spare(
    context: typer.Context,
    tag: Annotated[
        str,
        typer.Argument(help=_("asset tag of the PC that failed"), metavar="TAG", parser=asset_tag),
    ],
    spare_tag: Annotated[
        str | None,
        typer.Option(
            "--spare",
            parser=asset_tag,
            metavar="TAG",
            help=_("this spare; the best of the site by default"),
        ),
    ] = None,
    reason: Reason = None,
) -> None:
    """The command `machine spare`."""
    from rollout.application import spares

    given = invocation(context)
    application = given.application()
    loan = spares.hand_out(
        application.database,
        tag,
        application.operator(given.actor),
        application.clock.now(),
        reason,
        spare_tag=spare_tag,
    )
    say(
        _("{spare} stands in for {machine}: give it to {owner} ({staff_number}), {site}").format(
            spare=loan.spare,
            machine=loan.machine,
            owner=loan.owner,
            staff_number=loan.staff_number,
            site=loan.site,
        )
    )
    say(_left(spares.pools(application.database, application.settings), loan.site))


def spare_return(
    context: typer.Context,
    tag: Annotated[
        str,
        typer.Argument(
            help=_("asset tag of the spare, or of the PC that it stands in for"),
            metavar="TAG",
            parser=asset_tag,
        ),
    ],
    reason: Reason = None,
) -> None:
    """The command `machine spare-return`."""
    from rollout.application import spares

    given = invocation(context)
    application = given.application()
    loan = spares.take_back(
        application.database,
        tag,
        application.operator(given.actor),
        application.clock.now(),
        reason,
    )
    say(
        _("{spare} is back; it stood in for {machine} of {owner}").format(
            spare=loan.spare, machine=loan.machine, owner=loan.owner
        )
    )
    say(_left(spares.pools(application.database, application.settings), loan.site))


def spares_(context: typer.Context, as_json: AsJson = False) -> None:
    """The command `machine spares`."""
    from rollout.application import spares

    application = invocation(context).application()
    zone = application.settings.programme.zone
    pools = spares.pools(application.database, application.settings)
    loans = spares.loans(application.database)
    if as_json:
        print_json(
            {
                "sites": [pool_json(pool) for pool in pools],
                "out": [loan_json(loan, zone) for loan in loans],
            }
        )
        return
    if not pools:
        say(_("no spares: give machines of the ledger the purpose 予備 (spare)"))
        return
    print_table(
        [_("site"), _("left"), _("out"), _("in the ledger"), _("the plan counts on")],
        [[pool.site, pool.free, pool.out, pool.total, pool.configured] for pool in pools],
        title=_("spares"),
    )
    if loans:
        print_table(
            [
                _("spare"),
                _("in place of"),
                _("owner"),
                _("site"),
                _("since"),
                _("who"),
                _("reason"),
            ],
            [
                [
                    loan.spare,
                    loan.machine,
                    loan.owner,
                    loan.site,
                    moment(loan.row.lent_at, zone),
                    loan.row.lent_by,
                    loan.row.reason,
                ]
                for loan in loans
            ],
            title=_("out"),
        )


def pool_json(pool: "SparePool") -> dict[str, Any]:
    """The spares of a site with stable keys."""
    return {
        "site": pool.site,
        "left": pool.free,
        "out": pool.out,
        "in_ledger": pool.total,
        "configured": pool.configured,
    }


def loan_json(loan: "Loan", zone: ZoneInfo) -> dict[str, Any]:
    """A spare that is out with stable keys."""
    return {
        "spare": loan.spare,
        "machine": loan.machine,
        "owner": loan.owner,
        "staff_number": loan.staff_number,
        "site": loan.site,
        "since": moment(loan.row.lent_at, zone),
        "by": loan.row.lent_by,
        "reason": loan.row.reason,
    }


def _left(pools: "list[SparePool]", site: str | None) -> str:
    left = next((pool.free for pool in pools if pool.site == site), 0)
    return _("spares left at {site}: {left}").format(site=site or "–", left=left)


COMMANDS: dict[str, tuple[Callable[..., None], str]] = {
    "spare": (spare, _("Hand out a spare to the owner of a PC that failed.")),
    "spare-return": (spare_return, _("Take a spare back into the pool of its site.")),
    "spares": (spares_, _("The spares of every site: how many are left, and who has one.")),
}
