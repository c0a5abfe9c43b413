"""Quotas as Graph counts them: units in a sliding window, each key for itself."""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta

from rollout.lab.graph.behaviour import Quotas


class QuotaBook:
    """What was spent lately, by kind of request and by who or what is counted."""

    def __init__(self) -> None:
        self._spent: dict[tuple[str, str], deque[tuple[datetime, float]]] = {}

    def spend(
        self, quotas: Quotas, kind: str, key: str, units: float, now: datetime
    ) -> float | None:
        """Count the request; when there is no room, the seconds until there is, uncounted."""
        if kind not in quotas:
            return None
        limit, seconds = quotas[kind]
        window = self._spent.setdefault((kind, key), deque())
        while window and window[0][0] <= now - timedelta(seconds=seconds):
            window.popleft()
        used = sum(units for _, units in window)
        if used + units <= limit:
            window.append((now, units))
            return None
        for at, freed in window:
            used -= freed
            if used + units <= limit:
                return (at + timedelta(seconds=seconds) - now).total_seconds()
        return seconds
