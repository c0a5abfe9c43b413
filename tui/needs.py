"""What needs a person now, each line a jump to its place."""

from collections.abc import Iterator

from rich.text import Text

from rollout.domain.account import AccountState
from rollout.domain.machine import NEEDS_A_PERSON, MachineState
from rollout.domain.wave import WaveState
from rollout.i18n import _
from rollout.i18n.labels import label
from tui.looks import machine_state, wave_state
from tui.plain import plain
from tui.standing import Standing
from tui.themes import BAD, WARN
from tui.widgets.live_table import Column, Row

NOWHERE = "none"
"""The key of a line that leads nowhere."""
WORKERS = "workers"
"""The key of the line that leads to the workers."""


def columns() -> list[Column]:
    """What, how many, of what."""
    return [
        Column("what", _("what"), widest=18),
        Column("number", _("how many"), widest=9),
        Column("noun", "", rest=True),
    ]


def rows(standing: Standing, *, daemon_alive: bool) -> list[Row]:
    """The lines; one that says so when there is nothing.

    A key is `room ROOM WORDS`, or the filter words of machines.
    """
    found = [*_programme(standing, daemon_alive=daemon_alive), *_machines(standing)]
    found += _waves(standing)
    found += _beside(standing)
    word = _("nothing") if standing.glance else "…"
    return found or [Row(NOWHERE, [plain(word), plain(""), plain("")])]


def _programme(standing: Standing, *, daemon_alive: bool) -> Iterator[Row]:
    if not daemon_alive:
        yield Row(
            "room runs", [plain(_("no daemon"), BAD), plain(""), plain(_("run `rollout serve`"))]
        )
    if standing.workers_silent:
        yield _row(WORKERS, plain(_("no answer"), BAD), standing.workers_silent, _("workers"))
    if standing.stops:
        yield _row("room stops", plain(_("stop in force"), BAD), len(standing.stops), "")


def _machines(standing: Standing) -> Iterator[Row]:
    for state in MachineState:
        number = standing.counts.get(state, 0) if state in NEEDS_A_PERSON else 0
        if number:
            yield _row(f"state:{state.value}", machine_state(state.value), number, _("machines"))


def _waves(standing: Standing) -> Iterator[Row]:
    for state in (WaveState.HALTED, WaveState.AWAITING_APPROVAL):
        number = standing.glance.waves_in(state) if standing.glance else 0
        if number:
            # The filter compares without spaces, and a space would make two words of it.
            words = f"state:{label(state)}".replace(" ", "")
            yield _row(f"room waves {words}", wave_state(state.value), number, _("waves"))


def _beside(standing: Standing) -> Iterator[Row]:
    seen = standing.glance
    if seen is None:
        return
    waits = _("to be decided")
    for key, what, number, noun in (
        (
            "room accounts state:blocked",
            plain(label(AccountState.BLOCKED), BAD),
            seen.blocked,
            _("accounts"),
        ),
        ("room devices state:applied", plain(waits, WARN), seen.devices_to_decide,
         _("personal devices")),
        ("room takeouts state:applied", plain(waits, WARN), seen.takeouts_to_decide,
         _("take-outs")),
        ("room activity noun:notice verb:fail", plain(_("not delivered"), BAD),
         seen.notices_failed, _("notices")),
        ("room board", plain(_("late"), BAD), standing.promises_late, _("promises")),
        ("room activity noun:mailbox_batch", plain(_("batch alarm"), WARN),
         standing.batch_alarms, _("mailbox moves")),
    ):  # fmt: skip
        if number:
            yield _row(key, what, number, noun)


def _row(key: str, what: Text, number: int, noun: str) -> Row:
    return Row(key, [what, plain(f"{number:>9,}"), plain(noun)])
