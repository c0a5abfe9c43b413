"""Moves of mailboxes in batches, as Exchange's admin centre reports them.

Nothing here is steered by this product: reports are read, kept, and judged.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from rollout.domain.lifecycle import Described


class BatchStatus(Described):
    """Where a batch of moves stands."""

    CREATED = "created", "It was made and has not begun."
    SYNCING = "syncing", "Its mailboxes are being copied."
    SYNCED = "synced", "Everything is copied; it waits to be completed."
    SYNCED_WITH_ERRORS = "synced_with_errors", "Copied but for some mailboxes that failed."
    STOPPED = "stopped", "Nothing is copied any more until somebody starts it again."
    COMPLETING = "completing", "Its mailboxes are being switched over."
    COMPLETED = "completed", "Its mailboxes are in the cloud."
    COMPLETED_WITH_ERRORS = "completed_with_errors", "In the cloud but for some that failed."
    FAILED = "failed", "No mailbox of it could be copied."
    REMOVING = "removing", "It is being removed, and its reports with it."


class MoveStatus(Described):
    """Where the move of one mailbox stands."""

    REQUESTED = "requested", "It is in a batch and nothing of it is copied."
    SYNCING = "syncing", "It is being copied."
    SYNCED = "synced", "It is copied; it waits to be finalized."
    FINALIZING = "finalizing", "It is being switched over."
    FINALIZED = "finalized", "The mailbox is in the cloud."
    STOPPED = "stopped", "Nothing of it is copied any more."
    FAILED = "failed", "It could not be copied or switched over."


class Grade(Described):
    """How much of a mailbox was lost on the way: Exchange's data consistency score."""

    PERFECT = "perfect", "Nothing."
    GOOD = "good", "Nothing that its owner would notice."
    INVESTIGATE = "investigate", "A little that its owner may notice: somebody decides."
    POOR = "poor", "Much: not to be taken over as it is."


class Hindrance(Described):
    """What keeps a mailbox from counting as ready."""

    FAILED = "failed", "Its move failed."
    POOR = "poor", "Its grade is Poor."
    INVESTIGATE = "investigate", "Its grade is Investigate and nobody approved that."


def hindrance(status: MoveStatus, grade: Grade | None, approved: Grade | None) -> Hindrance | None:
    """What a mailbox is kept back by.

    An approval is good for the grade that was approved and for no other. Poor cannot be approved.
    """
    if status is MoveStatus.FAILED:
        return Hindrance.FAILED
    if grade is Grade.POOR:
        return Hindrance.POOR
    if grade is Grade.INVESTIGATE and approved is not Grade.INVESTIGATE:
        return Hindrance.INVESTIGATE
    return None


WAITING = frozenset({BatchStatus.SYNCED, BatchStatus.SYNCED_WITH_ERRORS})
"""Batches that Exchange stops when no administrator touches them."""


class Alarm(Described):
    """What a batch is shown with."""

    STOPS_SOON = "stops_soon", "Nobody has touched it for long: Exchange is going to stop it."
    OVERDUE = "overdue", "Its stop date has passed: a new report will say whether it was stopped."
    STOPPED = "stopped", "It was stopped with mailboxes that are not in the cloud."


@dataclass(frozen=True, slots=True)
class StopDate:
    """The day on which Exchange stops a batch that nobody touches.

    `certain`: the report said when somebody touched it last; else it is counted from the first
    report that had it, and the batch is stopped on that day at the latest.
    """

    day: date
    certain: bool


def stop_date(
    status: BatchStatus, touched: datetime | None, first_seen: datetime, days: int
) -> StopDate | None:
    """When a batch is stopped; None for one that Exchange does not stop by itself."""
    if status not in WAITING:
        return None
    since = first_seen if touched is None else touched
    return StopDate((since + timedelta(days=days)).date(), certain=touched is not None)


def alarm(
    status: BatchStatus, stop: StopDate | None, today: date, warn_days: int, unfinished: int
) -> Alarm | None:
    """What to say of a batch today; `unfinished` mailboxes of it are not in the cloud."""
    if status is BatchStatus.STOPPED and unfinished:
        return Alarm.STOPPED
    if stop is None:
        return None
    if stop.day <= today:
        return Alarm.OVERDUE
    return Alarm.STOPS_SOON if stop.day - today <= timedelta(days=warn_days) else None


def status_from(moves: Collection[MoveStatus]) -> BatchStatus:
    """The status of a batch whose report gives only those of its mailboxes."""
    kinds = set(moves)
    if MoveStatus.FINALIZING in kinds:
        return BatchStatus.COMPLETING
    if MoveStatus.SYNCING in kinds:
        return BatchStatus.SYNCING
    done = kinds - {MoveStatus.FAILED}
    if not done:
        return BatchStatus.FAILED
    if done == {MoveStatus.REQUESTED}:
        return BatchStatus.CREATED
    if done == {MoveStatus.FINALIZED}:
        failed = MoveStatus.FAILED in kinds
        return BatchStatus.COMPLETED_WITH_ERRORS if failed else BatchStatus.COMPLETED
    if MoveStatus.STOPPED in done:
        return BatchStatus.STOPPED
    if MoveStatus.REQUESTED in done:
        return BatchStatus.SYNCING
    failed = MoveStatus.FAILED in kinds
    return BatchStatus.SYNCED_WITH_ERRORS if failed else BatchStatus.SYNCED
