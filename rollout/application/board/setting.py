"""Saying how a milestone or an indicator stands; recorded with who said it and why."""

from collections.abc import Collection
from datetime import datetime

from rollout.application.operators import Operator
from rollout.domain.errors import RolloutError
from rollout.domain.programme_board import MILESTONE, MilestoneState, MilestoneVerb
from rollout.i18n import _
from rollout.i18n.labels import label
from rollout.settings import OperatorRole, Settings
from rollout.store import board as store
from rollout.store import transitions
from rollout.store.database import Database
from rollout.store.tables import Milestone

_VERB_TO = {
    MilestoneState.OPEN: MilestoneVerb.REOPEN,
    MilestoneState.UNDER_WAY: MilestoneVerb.START,
    MilestoneState.DONE: MilestoneVerb.FINISH,
    MilestoneState.DROPPED: MilestoneVerb.DROP,
}


class NotPromised(RolloutError):
    """It cannot be said of the board; the message says what can."""


def set_milestone(
    database: Database,
    settings: Settings,
    key: str,
    state: MilestoneState,
    operator: Operator,
    at: datetime,
    reason: str | None,
) -> None:
    """Bring a milestone to `state`. Raises NotPromised, NotAllowed, NotPermitted."""
    operator.must_be(OperatorRole.OPERATOR)
    reason = _reason(reason)
    _must_be_known(key, settings.milestones, _("milestones"))
    with database.write() as session:
        row = store.milestone(session, key, at)
        if row.state == state:
            raise NotPromised(_("{key} is {state} already").format(key=key, state=label(state)))
        MILESTONE.move({"state": row.state}, _VERB_TO[state], key=key)
        transitions.apply(
            session,
            Milestone,
            [row.id or 0],
            _VERB_TO[state],
            actor=operator.name,
            at=at,
            reason=reason,
        )


def set_indicator(
    database: Database,
    settings: Settings,
    key: str,
    year: int,
    actual: float,
    operator: Operator,
    at: datetime,
    reason: str | None,
) -> float | None:
    """Keep the figure of a fiscal year; the one before. Raises NotPromised, NotPermitted."""
    operator.must_be(OperatorRole.OPERATOR)
    reason = _reason(reason)
    _must_be_known(key, settings.indicators, _("indicators"))
    years = sorted(settings.indicators[key].targets)
    if year not in years:
        raise NotPromised(
            _("{key} has no target in fiscal year {year}: it has {years}").format(
                key=key, year=year, years=", ".join(map(str, years))
            )
        )
    with database.write() as session:
        return store.say(session, key, year, actual, actor=operator.name, at=at, reason=reason)


def _reason(reason: str | None) -> str:
    if not reason or not reason.strip():
        raise NotPromised(_("this needs a reason: give --reason"))
    return reason.strip()


def _must_be_known(key: str, known: Collection[str], what: str) -> None:
    if key in known:
        return
    if not known:
        raise NotPromised(_("the configuration has no {what}: add them").format(what=what))
    raise NotPromised(
        _("{key} is none of the {what} of the configuration: {known}").format(
            key=key, what=what, known=", ".join(known)
        )
    )
