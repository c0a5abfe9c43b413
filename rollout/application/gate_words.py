"""What gates say, in the reader's language."""

from rollout.domain.gates import Gate, Reading
from rollout.i18n import _

_COUNTS = frozenset({Gate.FAILED, Gate.SILENT, Gate.UNKNOWN, Gate.LICENCES})


def numbers_of(reading: Reading) -> str:
    """The numbers that decided, or what is missing to have them."""
    value, limit = reading.value, reading.limit
    if value is None:
        return lack_of(reading) or _("no data")
    if reading.gate is Gate.SOAK:
        return _("{value:.0f} min of {limit:g} min").format(value=value, limit=limit)
    if reading.of is not None and reading.gate not in _COUNTS:
        return _("{count} of {of}: {share:.1%}, limit {limit:.1%}").format(
            count=reading.count, of=reading.of, share=value, limit=limit
        )
    return _("{value:g}, limit {limit:g}").format(value=value, limit=limit)


def lack_of(reading: Reading) -> str | None:
    """What is missing for the gate to be measured, and how to give it."""
    if reading.lack is None:
        return None
    return _(reading.lack.message).format(**reading.lack.details)
