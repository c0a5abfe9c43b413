"""How `rollout wave show` tells of tranches and gates."""

from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import typer

from rollout.cli.output import moment, print_table
from rollout.i18n import _

if TYPE_CHECKING:
    from rollout.application.gates import Progress
    from rollout.domain.gates import Gate


def gate_of(text: str) -> "Gate":
    """The gate that somebody named: its word, or its label."""
    from rollout.domain.gates import Gate
    from rollout.i18n.labels import label

    word = text.strip().lower().replace(" ", "_").replace("-", "_")
    for gate in Gate:
        if word == gate.value or text.strip() == label(gate):
            return gate
    raise typer.BadParameter(
        _("{gate!r} is not a gate: one of {known}").format(gate=text, known=", ".join(Gate))
    )


def gates_json(progress: "Progress", zone: ZoneInfo) -> dict[str, Any]:
    """Tranches, gates and overrides with stable keys."""
    from rollout.application.gate_words import lack_of

    return {
        "tranche": progress.tranche,
        "tranches": [
            {
                "number": part.number,
                "machines": part.size,
                "done": part.done,
                "opened_at": moment(part.opened_at, zone),
            }
            for part in progress.tranches
        ],
        "gates": [
            {
                "gate": reading.gate.value,
                "verdict": reading.verdict.value,
                "value": reading.value,
                "limit": reading.limit,
                "count": reading.count,
                "of": reading.of,
                "overridden": reading.overridden,
                "lacks": lack_of(reading),
            }
            for reading in progress.readings
        ],
        "overrides": [
            {
                "gate": row.gate,
                "tranche": row.tranche,
                "value": row.value,
                "by": row.actor,
                "reason": row.reason,
                "at": moment(row.created_at, zone),
            }
            for row in progress.overrides
        ],
    }


def print_gates(progress: "Progress", zone: ZoneInfo) -> None:
    """Tranches, where the wave has more than one; what each gate says, once it has begun."""
    from rollout.application.gate_words import numbers_of
    from rollout.i18n.labels import label

    if len(progress.tranches) > 1:
        print_table(
            [_("tranche"), _("machines"), _("done"), _("may begin since")],
            [
                [part.number, part.size, part.done, moment(part.opened_at, zone) or _("not yet")]
                for part in progress.tranches
            ],
            title=_("tranches"),
        )
    if not progress.readings:
        return
    passed = {row.gate: row for row in progress.overrides if row.tranche == progress.tranche}
    rows: list[list[object]] = []
    for reading in progress.readings:
        row = passed.get(reading.gate.value)
        by = f"{row.actor}: {row.reason}" if row and reading.overridden else ""
        rows.append([label(reading.gate), label(reading.verdict), numbers_of(reading), by])
    print_table([_("gate"), _("says"), _("measured"), _("overridden by")], rows, title=_("gates"))
