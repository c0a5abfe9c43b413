"""Gates: rules that let a wave go on, keep it where it is, or halt it.

A gate is one function of counts. What it says names the numbers that decided. Three kinds:

- *Opening* gates (succeeded, unknown, soak) are open or closed: the next machines wait until all
  are open. What cannot be measured is closed.
- *Halting* gates (failures, silence) are open up to and including their limit and halt above it:
  with a limit of 5 the sixth failure halts. Shares say nothing of a few machines; below
  `Limits.share_needs` the counts alone decide.
- *Prerequisites* (training, licences, notices, accounts) look at the machines that would begin
  next, before the first part of a wave too. They are off while they have no limit, and open or
  closed else.

Exactly at the limit is always on the good side: 80 % of 80 % wanted is open, 5 failures of 5
allowed are open, a soak of exactly the wanted minutes is over, 10 free seats of 10 wanted do.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction

from rollout.domain.lifecycle import Described
from rollout.domain.words import msgid


class Gate(Described):
    """A rule for a wave."""

    SUCCEEDED = "succeeded", "Enough of the machines that were begun are through."
    FAILED = "failed", "Not too many machines have failed."
    FAILED_SHARE = "failed_share", "Not too large a part of the machines has failed."
    SILENT = "silent", "Not too many machines have been silent for too long."
    SILENT_SHARE = "silent_share", "Not too large a part has been silent for too long."
    UNKNOWN = "unknown", "No machine is in doubt."
    SOAK = "soak", "The machines that are through have been watched long enough."
    TRAINING = "training", "Enough of the owners who come next have had their training."
    LICENCES = "licences", "Enough seats of every licence are free."
    NOTICES = "notices", "Enough of the owners who come next were told of their day in time."
    ACCOUNTS = "accounts", "Enough of the owners who come next have their accounts."


class Verdict(Described):
    """What a gate says."""

    OPEN = "open", "The wave may go on."
    CLOSED = "closed", "What has begun is finished; nothing further begins."
    HALTED = "halted", "The wave stops."


@dataclass(frozen=True)
class Counts:
    """The machines of a wave that were let begin, as the gates see them.

    `silent` counts those whose silence is older than the limit; `quiet_minutes` is the time
    since the last one came through, None while none has.
    """

    size: int
    succeeded: int = 0
    failed: int = 0
    silent: int = 0
    unknown: int = 0
    quiet_minutes: float | None = None


@dataclass(frozen=True)
class Lack:
    """What is missing for a gate to be measured, and how to give it: a msgid and its details."""

    message: str
    details: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Ahead:
    """What those have who would begin next.

    `trained` of `people` had every training that is demanded; the owners of `told` of `announced`
    machines were told of their day in time; `seats` are free of the scarcest licence; `equipped` of
    `owners` have every service that is demanded. What could not be counted stands in `lacks`, by
    gate.
    """

    people: int = 0
    trained: int = 0
    announced: int = 0
    told: int = 0
    seats: int | None = None
    owners: int = 0
    equipped: int = 0
    lacks: Mapping["Gate", Lack] = field(default_factory=dict)


@dataclass(frozen=True)
class Limits:
    """What is allowed; a prerequisite without a limit is off."""

    succeeded_share: float = 0.8
    failed: int = 5
    failed_share: float = 0.25
    silent: int = 5
    silent_share: float = 0.25
    share_needs: int = 10
    soak_minutes: float = 60
    training_share: float | None = None
    licences_free: int | None = None
    notices_share: float | None = None
    accounts_share: float | None = None

    @property
    def ask_ahead(self) -> bool:
        """Whether any prerequisite is on."""
        return any(
            limit is not None
            for limit in (
                self.training_share,
                self.licences_free,
                self.notices_share,
                self.accounts_share,
            )
        )


@dataclass(frozen=True)
class Reading:
    """What a gate said, and the numbers that decided.

    `value` stands against `limit`; both are shares between 0 and 1, counts or minutes. A `value`
    of None could not be measured, and `lack` says why. `count` machines (or people) `of` so many
    stand behind a share.
    """

    gate: Gate
    verdict: Verdict
    value: float | None
    limit: float
    count: int | None = None
    of: int | None = None
    overridden: bool = False
    lack: Lack | None = None


_NOTHING_BEGUN = Lack(msgid("no machine was let begin yet"))
_NOTHING_THROUGH = Lack(msgid("no machine has come through yet"))
_NO_OWNER = Lack(
    msgid(
        "no machine that comes next has an owner: import a ledger with staff numbers, or let an "
        "approver override the gate"
    )
)
_NO_STOCK = Lack(msgid("no stock of licences is known"))


def succeeded(counts: Counts, limits: Limits) -> Reading:
    """Open from the wanted share on; closed when there is no machine to measure."""
    limit = limits.succeeded_share
    value = counts.succeeded / counts.size if counts.size else None
    enough = counts.size > 0 and _share_of(counts.succeeded, counts.size) >= _written(limit)
    verdict = Verdict.OPEN if enough else Verdict.CLOSED
    lack = None if counts.size else _NOTHING_BEGUN
    return Reading(Gate.SUCCEEDED, verdict, value, limit, counts.succeeded, counts.size, lack=lack)


def failed(counts: Counts, limits: Limits) -> Reading:
    """Halts above the limit."""
    return _count(Gate.FAILED, counts.failed, limits.failed)


def failed_share(counts: Counts, limits: Limits) -> Reading:
    """Halts above the limit, once there are enough machines for a share."""
    return _share(Gate.FAILED_SHARE, counts.failed, counts, limits.failed_share, limits.share_needs)


def silent(counts: Counts, limits: Limits) -> Reading:
    """Halts above the limit."""
    return _count(Gate.SILENT, counts.silent, limits.silent)


def silent_share(counts: Counts, limits: Limits) -> Reading:
    """Halts above the limit, once there are enough machines for a share."""
    return _share(Gate.SILENT_SHARE, counts.silent, counts, limits.silent_share, limits.share_needs)


def unknown(counts: Counts, limits: Limits) -> Reading:
    """Closed while a machine is in doubt: a probe or a person settles it."""
    verdict = Verdict.CLOSED if counts.unknown else Verdict.OPEN
    return Reading(Gate.UNKNOWN, verdict, counts.unknown, 0, counts.unknown, counts.size)


def soak(counts: Counts, limits: Limits) -> Reading:
    """Open when the last machine came through long enough ago; closed before one did."""
    quiet, limit = counts.quiet_minutes, limits.soak_minutes
    verdict = Verdict.OPEN if quiet is not None and quiet >= limit else Verdict.CLOSED
    return Reading(
        Gate.SOAK, verdict, quiet, limit, lack=_NOTHING_THROUGH if quiet is None else None
    )


def training(ahead: Ahead, limits: Limits) -> Reading | None:
    """Open from the wanted share of trained owners on; None while it is off."""
    return _enough(Gate.TRAINING, ahead.trained, ahead.people, limits.training_share, ahead)


def notices(ahead: Ahead, limits: Limits) -> Reading | None:
    """Open from the wanted share of owners told in time on; None while it is off."""
    return _enough(Gate.NOTICES, ahead.told, ahead.announced, limits.notices_share, ahead)


def accounts(ahead: Ahead, limits: Limits) -> Reading | None:
    """Open from the wanted share of owners with every demanded service on; None while it is off."""
    return _enough(Gate.ACCOUNTS, ahead.equipped, ahead.owners, limits.accounts_share, ahead)


def licences(ahead: Ahead, limits: Limits) -> Reading | None:
    """Open with as many free seats as are wanted, or more; None while it is off."""
    limit = limits.licences_free
    if limit is None:
        return None
    lack = ahead.lacks.get(Gate.LICENCES)
    if lack is None and ahead.seats is None:
        lack = _NO_STOCK
    if lack is not None:
        return Reading(Gate.LICENCES, Verdict.CLOSED, None, limit, lack=lack)
    seats = ahead.seats or 0
    verdict = Verdict.OPEN if seats >= limit else Verdict.CLOSED
    return Reading(Gate.LICENCES, verdict, seats, limit, seats)


def _enough(gate: Gate, count: int, size: int, limit: float | None, ahead: Ahead) -> Reading | None:
    if limit is None:
        return None
    lack = ahead.lacks.get(gate) or (None if size else _NO_OWNER)
    if lack is not None:
        return Reading(gate, Verdict.CLOSED, None, limit, count, size, lack=lack)
    verdict = Verdict.OPEN if _share_of(count, size) >= _written(limit) else Verdict.CLOSED
    return Reading(gate, verdict, count / size, limit, count, size)


def _count(gate: Gate, count: int, limit: int) -> Reading:
    return Reading(gate, Verdict.HALTED if count > limit else Verdict.OPEN, count, limit, count)


def _share(gate: Gate, count: int, counts: Counts, limit: float, needs: int) -> Reading:
    value = count / counts.size if counts.size else None
    over = counts.size >= needs and _share_of(count, counts.size) > _written(limit)
    verdict = Verdict.HALTED if over else Verdict.OPEN
    return Reading(gate, verdict, value, limit, count, counts.size)


def _share_of(count: int, size: int) -> Fraction:
    return Fraction(count, size) if size else Fraction(0)


def _written(limit: float) -> Fraction:
    """The limit as it was typed: in binary 0.1 is not 3/30, and exactly at the limit counts."""
    return Fraction(str(limit))


GATES: Mapping[Gate, Callable[[Counts, Limits], Reading]] = {
    Gate.SUCCEEDED: succeeded,
    Gate.FAILED: failed,
    Gate.FAILED_SHARE: failed_share,
    Gate.SILENT: silent,
    Gate.SILENT_SHARE: silent_share,
    Gate.UNKNOWN: unknown,
    Gate.SOAK: soak,
}
"""Gates of what has begun."""

PREREQUISITES: Mapping[Gate, Callable[[Ahead, Limits], Reading | None]] = {
    Gate.TRAINING: training,
    Gate.LICENCES: licences,
    Gate.NOTICES: notices,
    Gate.ACCOUNTS: accounts,
}
"""Gates of what would begin next."""


def readings(
    counts: Counts | None,
    limits: Limits,
    overrides: Mapping[Gate, float | None] | None = None,
    *,
    ahead: Ahead | None = None,
) -> list[Reading]:
    """What every gate says, in the order of the words.

    Without `counts` nothing has begun, without `ahead` nothing is left to begin: the gates of the
    other kind are left out. `overrides` are the values that an approver has accepted: such a gate
    is open as long as its value has not become worse than that.
    """
    measured = [] if counts is None else [measure(counts, limits) for measure in GATES.values()]
    if ahead is not None:
        asked = (ask(ahead, limits) for ask in PREREQUISITES.values())
        measured += [reading for reading in asked if reading is not None]
    accepted = overrides or {}
    return [
        _accepted(reading, accepted[reading.gate])
        if reading.gate in accepted and reading.verdict is not Verdict.OPEN
        else reading
        for reading in measured
    ]


_LESS_IS_BETTER = frozenset(
    {Gate.FAILED, Gate.FAILED_SHARE, Gate.SILENT, Gate.SILENT_SHARE, Gate.UNKNOWN}
)


def _accepted(reading: Reading, value: float | None) -> Reading:
    if _worse(reading, value):
        return reading
    return replace(reading, verdict=Verdict.OPEN, overridden=True)


def _worse(reading: Reading, accepted: float | None) -> bool:
    """Whether the value is no longer as good as the accepted one.

    None could not be measured: nothing is worse than that, and it is worse than any number.
    """
    if accepted is None:
        return False
    if reading.value is None:
        return True
    if reading.gate in _LESS_IS_BETTER:
        return reading.value > accepted
    return reading.value < accepted


def halting(found: list[Reading]) -> list[Reading]:
    """The gates that halt the wave."""
    return [reading for reading in found if reading.verdict is Verdict.HALTED]


def all_open(found: list[Reading]) -> bool:
    """Whether the wave may let its next machines begin; never without a reading."""
    return bool(found) and all(reading.verdict is Verdict.OPEN for reading in found)


def deciding(found: list[Reading]) -> list[Reading]:
    """The gates because of which nothing further begins: those that halt, else the closed ones."""
    return halting(found) or [one for one in found if one.verdict is Verdict.CLOSED]
