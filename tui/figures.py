"""The figures of the overview in words: forecast, services, personal devices, training."""

from datetime import date

from rollout.application.glance import Glance
from rollout.i18n import _
from rollout.store.tables import DayForecast
from tui.desk import Desk
from tui.standing import Standing

GAP = "   "


def figures(desk: Desk, machines: int) -> str:
    """How many machines, and how long until the cutover."""
    today = desk.now().astimezone(desk.settings.programme.zone).date()
    return distance(machines, desk.settings.programme.cutover, today)


def distance(machines: int, cutover: date, today: date) -> str:
    """How far the cutover is away, before it and after it."""
    left = (cutover - today).days
    text = (
        _("{total} {total:machine|machines}, {days} {days:day|days} to the cutover on {cutover}")
        if left >= 0
        else _(
            "{total} {total:machine|machines}, {days} {days:day|days} after the cutover on "
            "{cutover}"
        )
    )
    return text.format(total=f"{machines:,}", days=abs(left), cutover=cutover)


def outlook_words(standing: Standing) -> str:
    """The forecast that was kept last, and how far people's side is."""
    if standing.glance is None:
        return "…"
    return GAP.join([forecast_words(standing.glance.forecast), *_people(standing, standing.glance)])


def forecast_words(kept: DayForecast | None) -> str:
    """When all will be done, as it was forecast last."""
    if kept is None:
        return _("no forecast yet: the daemon makes one each night")
    if kept.probability is None:
        return _("forecast of {day}: not computable yet").format(day=kept.day)
    return _("forecast of {day}: P50 {p50}  P90 {p90}  in time {share}").format(
        day=kept.day,
        p50=kept.p50 or _("beyond"),
        p90=kept.p90 or _("beyond"),
        share=f"{kept.probability:.0%}",
    )


def _people(standing: Standing, seen: Glance) -> list[str]:
    training = standing.training
    found = []
    if seen.accounts:
        found.append(
            _("accounts {ready}/{all} ready").format(
                ready=f"{seen.ready:,}", all=f"{sum(seen.accounts.values()):,}"
            )
        )
    if seen.devices:
        found.append(
            _("personal devices {ready}/{all} in use").format(
                ready=f"{seen.compliant:,}", all=f"{sum(seen.devices.values()):,}"
            )
        )
    if training is not None and training.demanded and training.people:
        found.append(
            _("trained {trained}/{people} ({share})").format(
                trained=f"{training.trained:,}",
                people=f"{training.people:,}",
                share=f"{training.trained / training.people:.0%}",
            )
        )
    return found
