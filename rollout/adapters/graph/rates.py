"""How fast requests may go: below the published quotas, and as long as the service says."""

from dataclasses import dataclass, field

#: Requests and seconds, four fifths of what is published for a tenant and application
#: (https://learn.microsoft.com/graph/throttling-limits). A read may cost two units.
PUBLISHED: dict[str, tuple[float, float]] = {
    "read": (0.8 * 8000 / 2, 10),
    "write": (0.8 * 3000, 150),
    "licence": (0.8 * 500, 10),
    "mailbox": (0.8 * 10_000, 600),
    "teams": (0.8 * 30, 1),
    "intune": (0.8 * 1000, 20),
}
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 120.0


@dataclass
class _Bucket:
    capacity: float
    per_second: float
    tokens: float
    at: float
    paused_until: float = 0.0
    pause: float = _FIRST_PAUSE


@dataclass
class Rates:
    """A token bucket for each kind of request. Times are seconds of a monotonic clock."""

    quotas: dict[str, tuple[float, float]] = field(default_factory=lambda: dict(PUBLISHED))
    _buckets: dict[str, _Bucket] = field(default_factory=dict)

    def wait(self, kind: str, now: float) -> float:
        """Seconds until one more of this kind may go; 0 takes its token."""
        bucket = self._bucket(kind, now)
        if bucket is None:
            return 0.0
        if now < bucket.paused_until:
            return bucket.paused_until - now
        grown = bucket.tokens + (now - bucket.at) * bucket.per_second
        bucket.tokens, bucket.at = min(bucket.capacity, grown), now
        if bucket.tokens < 1:
            return (1 - bucket.tokens) / bucket.per_second
        bucket.tokens -= 1
        return 0.0

    def throttled(self, kind: str, retry_after: float | None, now: float) -> None:
        """The service refused one: none of this kind before that time, doubling where it is silent.

        Several refusals of one moment are one pause, as long as the longest that is named.
        """
        bucket = self._bucket(kind, now)
        if bucket is None:
            return
        if now < bucket.paused_until:
            bucket.paused_until = max(bucket.paused_until, now + (retry_after or 0.0))
            return
        bucket.paused_until = now + (retry_after if retry_after is not None else bucket.pause)
        bucket.pause = min(_LONGEST_PAUSE, bucket.pause * 2)
        bucket.tokens = min(bucket.tokens, 1)

    def went_well(self, kind: str) -> None:
        """The service took one: the next silent refusal begins with a short pause again."""
        if kind in self._buckets:
            self._buckets[kind].pause = _FIRST_PAUSE

    def _bucket(self, kind: str, now: float) -> _Bucket | None:
        if kind not in self.quotas:
            return None
        if kind not in self._buckets:
            amount, seconds = self.quotas[kind]
            self._buckets[kind] = _Bucket(amount, amount / seconds, amount, now)
        return self._buckets[kind]
