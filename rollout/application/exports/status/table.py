"""The report as one table: a line per figure, so that a sheet can filter and pivot it."""

from collections.abc import Iterator, Sequence

from rollout.application.exports.forms import Cell, Table, iso
from rollout.application.exports.status.summary import StatusReport
from rollout.domain.machine import MachineState, Step
from rollout.i18n import _
from rollout.i18n.labels import label


def table(report: StatusReport) -> Table:
    """For people: headings and words in the language in force."""
    as_of = iso(report.as_of, report.zone)
    rows = [(as_of, *row) for row in _rows(report)]
    headings = (
        _("As of"),
        _("Section"),
        _("Item"),
        _("State"),
        _("Machines"),
        _("In this state since"),
        _("Days"),
        _("Step"),
        _("Cause"),
        _("Owner"),
        _("Site"),
        _("Department"),
        _("Division"),
    )
    return Table(headings, rows, len(rows))


def _rows(report: StatusReport) -> Iterator[Sequence[Cell]]:
    empty: tuple[Cell, ...] = (None,) * 8
    yield (_("Programme"), report.programme, None, report.total, *empty)
    for word, number in report.standing.items():
        yield (_("Summary"), label(word), None, number, *empty)
    for state, number in report.by_state.items():
        yield (_("By state"), None, label(state), number, *empty)
    for section, splits in (
        (_("By generation"), report.by_generation),
        (_("By site"), report.by_site),
        (_("By department"), report.by_department),
        (_("By wave"), report.by_wave),
    ):
        for split in splits:
            name = _("(none)") if split.name is None else split.name
            for state, number in split.states.items():
                if number:
                    yield (section, name, label(state), number, *empty)
    for pool in report.spares:
        site = _("(none)") if pool.site is None else pool.site
        yield (_("Spares"), site, _("left"), pool.free, *empty)
        yield (_("Spares"), site, _("out"), pool.out, *empty)
    for unknown in report.not_known:
        yield (_("Not known of this moment"), label(unknown), None, None, *empty)
    for entry in report.exceptions:
        line = entry.line
        yield (
            _("Exceptions"),
            line.asset_tag,
            label(MachineState(line.state)),
            1,
            iso(line.state_since, report.zone),
            entry.days,
            label(Step(line.step)) if line.step else None,
            line.cause,
            line.owner,
            line.site,
            line.bureau,
            line.division,
        )
