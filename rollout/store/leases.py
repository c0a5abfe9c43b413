"""Queries on the lease."""

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from rollout.domain.errors import LeaseHeld
from rollout.i18n import _
from rollout.store.tables import Lease


def acquire(
    session: Session,
    holder: str,
    *,
    now: datetime,
    lasts: timedelta,
    gone: Callable[[str], bool] = lambda holder: False,
) -> int:
    """Take the lease and return its new epoch.

    `gone` says whether a holder is known to be dead, so that nobody waits for its expiry.
    Raises LeaseHeld while another holder is alive. `now` is real time.
    """
    lease = session.get(Lease, 1, with_for_update=True)
    if lease is None:
        lease = Lease()
    if (
        lease.holder is not None
        and lease.expires_at is not None
        and lease.expires_at > now
        and not gone(lease.holder)
    ):
        raise LeaseHeld(
            _(
                "{holder} acts on the programme (last sign {time} UTC): "
                "stop it, or wait until its lease ends"
            ).format(holder=lease.holder, time=f"{lease.heartbeat_at:%H:%M:%S}")
        )
    lease.epoch += 1
    lease.holder, lease.heartbeat_at, lease.expires_at = holder, now, now + lasts
    session.add(lease)
    session.flush()
    return lease.epoch


def beat(session: Session, epoch: int, *, now: datetime, lasts: timedelta) -> None:
    """Extend the lease. Raises LeaseHeld when it was taken over."""
    require(session, epoch)
    lease = session.get_one(Lease, 1)
    lease.heartbeat_at, lease.expires_at = now, now + lasts
    session.add(lease)


def require(session: Session, epoch: int) -> None:
    """Refuse to act for a holder that was taken over; belongs in the transaction that acts."""
    lease = session.connection().execute(_HELD).one_or_none()
    if lease is None or lease.epoch != epoch or lease.holder is None:
        raise LeaseHeld(
            _("the lease {epoch} was taken over: this process starts nothing any more").format(
                epoch=epoch
            )
        )


_HELD = select(col(Lease.epoch), col(Lease.holder)).where(col(Lease.id) == 1).with_for_update()


def release(session: Session, epoch: int) -> None:
    """Give the lease back, if it is still ours."""
    lease = session.get(Lease, 1, with_for_update=True)
    if lease is not None and lease.epoch == epoch:
        lease.holder, lease.expires_at = None, None
        session.add(lease)


def holder(session: Session, *, now: datetime) -> Lease | None:
    """The lease, while somebody holds it."""
    lease = session.get(Lease, 1)
    if lease is None or lease.holder is None or lease.expires_at is None or lease.expires_at < now:
        return None
    return lease
