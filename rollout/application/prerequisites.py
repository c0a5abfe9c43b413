"""What the machines that would begin next have: trained owners, seats, notices in time."""

from datetime import date, datetime, time, timedelta

from sqlmodel import Session

from rollout.domain.gates import Ahead, Gate, Lack
from rollout.domain.text import match_key
from rollout.domain.words import msgid
from rollout.settings import Settings
from rollout.store import gates, licences, notices, sign_ins, training


def look_ahead(
    session: Session, settings: Settings, wave_id: int, tranche: int | None, at: datetime
) -> Ahead:
    """What those of a tranche have (None: of the whole wave), as far as it is asked for."""
    coming = gates.coming(wave_id, tranche)
    asked, lacks = settings.gates, dict[Gate, Lack]()
    people = trained = announced = told = owners = equipped = 0
    seats: int | None = None
    if asked.training_share is not None:
        keys = {match_key(course): course for course in settings.courses}
        people, trained = training.trained(session, coming, keys, settings.training.pass_score)
        recorded = training.recorded(session, keys)
        if unknown := [course for key, course in keys.items() if key not in recorded]:
            lacks[Gate.TRAINING] = Lack(_NO_RECORD, {"courses": ", ".join(unknown)})
    if asked.licences_free is not None:
        seats, lack = _free_seats(session, settings, at)
        if lack is not None:
            lacks[Gate.LICENCES] = lack
    if asked.notices_share is not None:
        deadlines = {
            day: _end_of(settings, day - timedelta(days=asked.notices_days))
            for day in gates.days_of(session, coming)
        }
        announced, told = notices.told(session, coming, deadlines)
    if asked.accounts_share is not None:
        wanted = asked.accounts_services or settings.accounts.services
        owners, equipped = sign_ins.ready_owners(session, coming, [one.value for one in wanted])
        if not settings.accounts.in_use:
            lacks[Gate.ACCOUNTS] = Lack(_NO_DIRECTORY)
    return Ahead(people, trained, announced, told, seats, owners, equipped, lacks)


_NO_DIRECTORY = msgid(
    "no directory is configured: see [accounts.tenant], or leave gates.accounts_share out"
)


_NO_RECORD = msgid(
    "there is no record of {courses}: give one with `rollout import training FILE`, or correct "
    "[training] courses"
)
_NO_STOCK = msgid(
    "the stock of {skus} was never read from the directory: until it is, leave "
    "gates.licences_free out or let an approver override the gate"
)
_OLD_STOCK = msgid(
    "the stock of {skus} was read more than {hours:g} {hours:hour|hours} ago: read "
    "it again, or let an approver override the gate"
)


def _free_seats(
    session: Session, settings: Settings, at: datetime
) -> tuple[int | None, Lack | None]:
    """The free seats of the scarcest licence, or what is missing to know them."""
    wanted, hours = settings.gates.licences, settings.gates.licences_hours
    stock = licences.newest(session, wanted)
    missing = [sku for sku in wanted if sku not in stock]
    if missing:
        return None, Lack(_NO_STOCK, {"skus": ", ".join(missing)})
    old = [sku for sku in wanted if at - stock[sku].taken_at > timedelta(hours=hours)]
    if old:
        return None, Lack(_OLD_STOCK, {"skus": ", ".join(old), "hours": hours})
    return min(row.enabled - row.consumed for row in stock.values()), None


def _end_of(settings: Settings, day: date) -> datetime:
    """The midnight that ends `day` in the programme's zone."""
    return datetime.combine(day + timedelta(days=1), time(), settings.programme.zone)
