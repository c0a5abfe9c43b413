"""Approving the grade of a moved mailbox: by an approver who did not bring the report."""

from datetime import datetime

from rollout.application.mailboxes.holding import keep_in_step
from rollout.application.operators import Operator
from rollout.domain.errors import NeedsApproval, RolloutError
from rollout.domain.history import Fact, canonical
from rollout.domain.mailbox_batch import Grade
from rollout.i18n import _
from rollout.i18n.labels import label
from rollout.i18n.told import stored, typed
from rollout.settings import OperatorRole
from rollout.store import history, mailbox_moves, personal
from rollout.store.columns import instant_text
from rollout.store.database import Database


class GradeRefused(RolloutError):
    """There is no grade that could be approved."""


def approve(
    database: Database,
    staff_number: str,
    operator: Operator,
    at: datetime,
    reason: str | None,
) -> None:
    """Take a mailbox with the grade Investigate over as it is.

    The approval holds for that grade and ends when a report has another. Raises GradeRefused,
    NotPermitted, and NeedsApproval for who brought the report or owns the mailbox.
    """
    operator.must_be(OperatorRole.APPROVER)
    if not reason or not reason.strip():
        raise GradeRefused(_("an approval needs a reason: what was skipped, and why it may be"))
    with database.write() as session:
        person = personal.by_number(session, staff_number)
        move = mailbox_moves.of_person(session, person.id or 0) if person is not None else None
        if person is None or move is None:
            raise GradeRefused(
                _("{person}: no report of the move of this mailbox was imported").format(
                    person=staff_number
                )
            )
        if move.grade == Grade.POOR:
            raise GradeRefused(
                _(
                    "{person} has the grade Poor, which nobody can approve: repair the old mailbox "
                    "or ask Microsoft's support, copy it again and import the new report"
                ).format(person=staff_number)
            )
        if move.grade != Grade.INVESTIGATE:
            raise GradeRefused(
                _("{person} has the grade {grade}, which needs no approval").format(
                    person=staff_number, grade=label(Grade(move.grade)) if move.grade else "-"
                )
            )
        if move.approved_by is not None:
            raise GradeRefused(
                _("{approver} has approved the grade of {person} already").format(
                    approver=move.approved_by, person=staff_number
                )
            )
        if operator.name in (move.graded_by, person.staff_number, person.upn):
            raise NeedsApproval(
                _(
                    "{name} brought the report or owns the mailbox of {person}: "
                    "somebody else approves it"
                ).format(name=operator.name, person=staff_number)
            )
        why = typed(reason.strip())
        mailbox_moves.change(
            session,
            {
                person.id or 0: {
                    "approved_by": operator.name,
                    "approved_at": at,
                    "approved_why": why,
                }
            },
        )
        detail = canonical({"grade": move.grade, "items_skipped": move.items_skipped})
        history.append(
            session,
            [
                Fact(instant_text(at), operator.name, "mailbox", person.id or 0, staff_number,
                     "approve", None, None, reason=stored(why), detail=detail)
            ],
        )  # fmt: skip
        keep_in_step(session, actor=operator.name, at=at)
