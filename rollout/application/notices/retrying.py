"""An operator lets mails go once more that were refused or came back."""

from collections.abc import Collection
from datetime import datetime

from rollout.application.operators import Operator
from rollout.domain.notice import NoticeKind, NoticeState
from rollout.settings import OperatorRole
from rollout.store import notices
from rollout.store.database import Database


def retry(
    database: Database,
    operator: Operator,
    at: datetime,
    *,
    numbers: Collection[int] = (),
    kinds: Collection[NoticeKind] = (),
) -> int:
    """Plan failed notices anew; those of `numbers`, or all of these kinds. How many.

    Raises NotFound, NotAllowed for a number that did not fail.
    """
    operator.must_be(OperatorRole.OPERATOR)
    with database.write() as session:
        ids = list(numbers) or [
            letter.id for letter in notices.letters(session, [NoticeState.FAILED], kinds)
        ]
        notices.again(session, ids, actor=operator.name, at=at, anew=True)
        return len(ids)
