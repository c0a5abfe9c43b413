"""What gates say, in the reader's language."""

from collections.abc import Sequence
from functools import reduce

from rollout.domain.gates import Gate, Reading
from rollout.domain.words import msgid
from rollout.i18n.told import Told, told

_COUNTS = frozenset({Gate.FAILED, Gate.SILENT, Gate.UNKNOWN})


def why_halted(stopping: Sequence[Reading]) -> Told:
    """The cause of a wave that these gates have halted."""
    causes = [
        told(msgid("gate “{gate}”: {numbers}"), gate=reading.gate, numbers=numbers_of(reading))
        for reading in stopping
    ]
    return reduce(lambda first, rest: told("{first}; {rest}", first=first, rest=rest), causes)


def numbers_of(reading: Reading) -> Told:
    """The numbers that decided, or what is missing to have them."""
    value, limit = reading.value, reading.limit
    if value is None:
        return lack_of(reading) or told(msgid("no data"))
    if reading.gate is Gate.SOAK:
        return told(msgid("{value:.0f} min of {limit:g} min"), value=value, limit=limit)
    if reading.gate is Gate.LICENCES:
        return told(msgid("{value:g} free, limit {limit:g}"), value=value, limit=limit)
    if reading.of is not None and reading.gate not in _COUNTS:
        counted = msgid("{count} of {of}: {share:.1%}, limit {limit:.1%}")
        if reading.gate in (Gate.TRAINING, Gate.ACCOUNTS):
            counted = msgid("{count} of {of} people: {share:.1%}, limit {limit:.1%}")
        return told(
            counted,
            count=reading.count,
            of=reading.of,
            share=value,
            limit=limit,
        )
    return told(msgid("{value:g}, limit {limit:g}"), value=value, limit=limit)


def lack_of(reading: Reading) -> Told | None:
    """What is missing for the gate to be measured, and how to give it."""
    if reading.lack is None:
        return None
    return told(reading.lack.message, **reading.lack.details)
