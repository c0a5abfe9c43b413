"""What monitoring asks of the tables, in one look."""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from rollout.application.backup import BY_HAND, NIGHTS
from rollout.settings import Settings
from rollout.store import backup, inspection, leases, measures, nightly
from rollout.store.backup import BackupFailed
from rollout.store.database import Database
from rollout.store.measures import Machines, Open
from rollout.store.tables import DayForecast, NightlyWork


@dataclass(frozen=True)
class Measured:
    """One look; ages are seconds by the programme's clock, sizes bytes."""

    machines: Sequence[Machines]
    waves: Mapping[str, int]
    runs: Mapping[str, int]
    claims: Mapping[str, Open]
    oldest_claim_age: float
    commands: int
    oldest_command_age: float
    stops: int
    results: int
    facts: int
    holder: str | None
    lease_epoch: int
    late: Mapping[str, int]
    nights: Sequence[NightlyWork]
    backup_age: float | None
    database_size: int | None
    log_size: int | None
    disk_free: int | None


def look(database: Database, settings: Settings, now: datetime) -> Measured:
    """Ask everything, in one transaction that writes nothing."""
    with database.read() as session:
        claims = measures.claims_open(session)
        commands = measures.commands_waiting(session)
        # Leases live in real time, whatever the programme's clock says.
        lease = leases.holder(session, now=datetime.now(UTC))
        nights = nightly.all_of(session)
        oldest = min((found.oldest for found in claims.values() if found.oldest), default=None)
        return Measured(
            machines=measures.machines(session),
            waves=measures.waves(session),
            runs=measures.runs(session),
            claims=claims,
            oldest_claim_age=_age(oldest, now),
            commands=commands.number,
            oldest_command_age=_age(commands.oldest, now),
            stops=measures.stops(session),
            results=measures.results(session),
            facts=measures.facts(session),
            holder=lease.holder if lease else None,
            lease_epoch=lease.epoch if lease else 0,
            late=days_late(measures.last_forecast(session), settings),
            nights=nights,
            backup_age=last_backup(nights, now),
            **_sizes(database),
        )


def _age(since: datetime | None, now: datetime) -> float:
    return max(0.0, (now - since).total_seconds()) if since else 0.0


def days_late(forecast: DayForecast | None, settings: Settings) -> dict[str, int]:
    """Days from the last day before the cutover to that of each percentile; negative: early."""
    if forecast is None:
        return {}
    days = {"0.5": forecast.p50, "0.9": forecast.p90}
    return {
        share: (day - settings.programme.cutover).days + 1
        for share, day in days.items()
        if day is not None
    }


def last_backup(nights: Sequence[NightlyWork], now: datetime) -> float | None:
    """Seconds since the last good backup, of a night or by hand; None when there was none."""
    good = [night.good_at for night in nights if night.name in (NIGHTS, BY_HAND) and night.good_at]
    return _age(max(good), now) if good else None


def _sizes(database: Database) -> dict[str, int | None]:
    try:
        path = backup.file_of(database)
        free = shutil.disk_usage(path.parent).free
    except (BackupFailed, OSError):
        size = inspection.server_size(database)
        return {"database_size": size, "log_size": None, "disk_free": None}
    return {
        "database_size": _size(path),
        "log_size": _size(path.with_name(path.name + "-wal")),
        "disk_free": free,
    }


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
