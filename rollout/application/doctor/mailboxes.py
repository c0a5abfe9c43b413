"""Batches of mailbox moves that Exchange stops or has stopped, and bad grades."""

from collections.abc import Iterator
from datetime import datetime

from rollout.application.doctor.finding import Finding, judged
from rollout.application.mailboxes.listing import alarms, mailboxes
from rollout.domain.mailbox_batch import Alarm
from rollout.i18n import _
from rollout.i18n.labels import label
from rollout.settings import Settings
from rollout.store.database import Database


def examine(opened: Database, settings: Settings, now: datetime) -> Iterator[Finding]:
    """Nothing while no report was imported or nothing is wrong."""
    for one in alarms(opened, settings, now):
        remedy = _("start or complete the batch in the admin centre, then import its report anew")
        day = one.stop.day.isoformat() if one.stop else ""
        soon = one.alarm is Alarm.STOPS_SOON
        yield judged(
            "mailbox_batches",
            _("batch {name}").format(name=one.name),
            f"{label(one.alarm) if one.alarm else ''} {day}".strip(),
            warning=remedy if soon else "",
            problem="" if soon else remedy,
        )
    held = mailboxes(opened, hindered_only=True)
    if held:
        yield judged(
            "mailbox_grades",
            _("moved mailboxes"),
            _("{count} {count:is|are} kept back by their move or its grade").format(
                count=len(held)
            ),
            warning="rollout accounts mailboxes",
        )
