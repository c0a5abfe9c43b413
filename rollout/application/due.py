"""Waves whose day has come start by themselves."""

import logging
from datetime import datetime, timedelta

from rollout.application.choosing import today
from rollout.application.settle import DAEMON
from rollout.domain.wave import WaveState, WaveVerb
from rollout.domain.words import msgid
from rollout.i18n.told import told
from rollout.settings import Settings
from rollout.store import leases, stops, transitions, waves
from rollout.store.database import Database
from rollout.store.tables import Wave

log = logging.getLogger(__name__)

_OVER = (WaveState.DONE, WaveState.CANCELLED)


def start_due(database: Database, settings: Settings, *, lease_epoch: int, at: datetime) -> int:
    """Start the approved waves whose first day has come, or on which steps may go ahead; how many.

    No wave starts before the pilot is done, nor while everything is stopped. A wave whose machines
    changed since it was approved loses its approval instead: somebody has to look at it again.
    """
    if settings.waves.start != "due":
        return 0
    ahead = timedelta(days=settings.windows.ahead_days if settings.windows.ahead else 0)
    with database.read() as session:
        if not waves.due(session, today(settings, at) + ahead):
            return 0
    started = 0
    with database.write() as session:
        leases.require(session, lease_epoch)
        if stops.stopped(session).everything:
            return 0
        pilots = [wave for wave in waves.pilots(session) if wave.state not in _OVER]
        for wave in waves.due(session, today(settings, at) + ahead):
            if pilots and not wave.pilot:
                continue
            wave_id = wave.id or 0
            verb, reason = WaveVerb.START, told(msgid("its first day has come"))
            if wave.list_digest != waves.list_digest(session, wave_id):
                verb = WaveVerb.WITHDRAW
                reason = told(msgid("its machines changed since it was approved: submit it again"))
                fields = {"wave": wave.number}
                log.warning(
                    msgid("wave %s does not start: its machines changed"),
                    *fields.values(),
                    extra=fields,
                )
            else:
                started += 1
            transitions.apply(session, Wave, [wave_id], verb, actor=DAEMON, at=at, reason=reason)
    return started
