"""`export machines`: every machine with everything that is joined to it."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from functools import lru_cache, partial
from typing import Any
from zoneinfo import ZoneInfo

from sqlmodel import Session

from rollout.application.control_words import control_words
from rollout.application.exports.extract import (
    Column,
    Extract,
    Lines,
    Note,
    Page,
    local,
    truth,
    why,
    words,
    yes_no,
)
from rollout.application.exports.filtered import told as told_filter
from rollout.application.exports.forms import iso
from rollout.application.exports.machine_counts import (
    STATE,
    begin,
    count_page,
    count_states,
    count_verdicts,
)
from rollout.application.exports.stamp import Kind
from rollout.domain.account import AccountState, CloudService
from rollout.domain.machine import MachineState, Step
from rollout.domain.purpose import Purpose
from rollout.domain.takeout import PinState, TakeoutState
from rollout.i18n import _
from rollout.i18n.labels import headed, label, labels
from rollout.settings import Settings
from rollout.store.database import Database
from rollout.store.exporting import lines, machines, past
from rollout.store.exporting.beside import Until
from rollout.store.exporting.reach import reach_at
from rollout.store.machines import Filter
from rollout.store.readers import Readers, read_together

EVERYTHING = Filter()


@contextmanager
def open_machines(
    database: Database,
    settings: Settings,
    *,
    now: datetime,
    wanted: Filter = EVERYTHING,
    as_of: datetime | None = None,
) -> Iterator[Extract]:
    """One consistent view of the machines that match; write it out before the block ends.

    With `as_of` they are as they stood then, by the history; what it does not keep is left empty:
    see `past.UNKNOWN`.
    """
    with read_together(database) as readers:
        yield extract(readers, settings, now=now, wanted=wanted, as_of=as_of)


def extract(
    readers: Readers,
    settings: Settings,
    *,
    now: datetime,
    wanted: Filter = EVERYTHING,
    as_of: datetime | None = None,
) -> Extract:
    """The same with readers that are open already."""
    session = readers.first
    zone = settings.programme.zone
    counts: Counter[str] = Counter()
    told = None
    if as_of is None:
        today = now.astimezone(zone).date()
        extent = machines.extent(session, wanted, today)
        total = extent.machines
        pages = machines.pages(session, wanted, today, size=extent.fitting(machines.PAGE))
        told = _lines(readers, wanted, now, zone, counts, extent.fitting(lines.PAGE))
    else:
        total = past.total(session)
        pages = past.pages(session, wanted, Until(at=as_of), as_of, as_of.astimezone(zone).date())
    moment = iso(as_of or now, zone) or ""
    unknown = [] if as_of is None else list(past.UNKNOWN)
    filtered = {name: value for name, value in asdict(wanted).items() if value}
    return Extract(
        kind=Kind.MACHINES,
        title=_("Machines"),
        columns=columns(zone),
        pages=_counted(pages, counts),
        total=total,
        as_of=moment,
        past=as_of is not None,
        programme=settings.programme.name,
        reach=reach_at(session, as_of),
        head={
            "programme": settings.programme.name,
            "as_of": moment,
            "filter": filtered,
            "not_known": unknown,
        },
        facts=[
            (_("Programme"), settings.programme.name),
            (_("As of"), moment),
            (_("Filter"), told_filter(wanted)),
            *([(_("Not known of this moment"), _headings(zone, unknown))] if unknown else []),
        ],
        filter=filtered,
        counts=counts,
        notes=lambda: [_by_state(counts)],
        lines=told,
    )


def _headings(zone: ZoneInfo, keys: Sequence[str]) -> str:
    return ", ".join(column.heading for column in columns(zone) if column.key in keys)


def _lines(
    readers: Readers,
    wanted: Filter,
    now: datetime,
    zone: ZoneInfo,
    counts: Counter[str],
    size: int,
) -> Iterator[Lines]:
    today = now.astimezone(zone).date()
    account = labels(AccountState)
    shown = lines.Shown(
        words={
            "purpose": labels(Purpose),
            "state": labels(MachineState),
            "held_from": labels(MachineState),
            "step": labels(Step),
            "may_leave": {True: _("yes"), False: _("no")},
            "in_ledger": {True: _("yes"), False: _("no")},
            "take_out": labels(TakeoutState),
            "disk_pin": labels(PinState),
            **{service.value: account for service in CloudService},
        },
        moment=local(zone),
        cause=why(),
        lacking=lacking(),
    )

    def again(after: str, rows: int) -> Page:
        def read(session: Session) -> Page:
            return next(machines.pages(session, wanted, today, after=after, size=rows))

        return readers.once(read)[: len(machines.FIELDS)]

    begin(counts)
    for page in lines.pages(readers, wanted, today, shown, size=size):
        cells = partial(again, page.after, page.rows)
        count_states(page.states or cells()[STATE], counts)
        count_verdicts(page.verdicts, counts)
        yield Lines(page.text, page.rows, cells)


def _counted(pages: Iterator[Page], counts: Counter[str]) -> Iterator[Page]:
    begin(counts)
    for page in pages:
        count_page(page, counts)
        yield page[: len(machines.FIELDS)]


def _by_state(counts: Counter[str]) -> Note:
    return Note(
        "by_state",
        _("By state"),
        (
            Column("state", _("State"), show=words(MachineState)),
            Column("machines", _("Machines"), holds="number"),
        ),
        [(state.value, counts[f"state.{state}"]) for state in MachineState],
    )


def lacking() -> Callable[[Any], str | None]:
    """Controls that are kept one behind the other."""

    @lru_cache(maxsize=10_000)
    def show(kept: str | None) -> str | None:
        return None if kept is None else control_words(kept.split(", "))

    return show


def columns(zone: ZoneInfo) -> tuple[Column, ...]:
    """In the order of `store.exporting.machines.FIELDS`."""
    moment, cause, yes = local(zone), why(), yes_no()
    account = words(AccountState)
    found = (
        Column("asset_tag", _("Asset tag"), width=16),
        Column("generation", _("Generation"), width=10),
        Column("model", _("Model"), width=18),
        Column("serial", _("Serial number"), width=16),
        Column("mac", _("MAC address"), width=18),
        Column("computer_name", _("Computer name"), width=16),
        Column("site", _("Site"), width=10),
        Column("floor", _("Floor"), width=7),
        Column("department", _("Department"), width=18),
        Column("division", _("Division"), width=18),
        Column("staff_number", _("Staff number"), width=12),
        Column("owner", _("Owner"), width=14),
        Column("purpose", _("Purpose"), show=words(Purpose), width=10),
        Column("lease_from", _("Lease from"), holds="day", width=11, new_page=True),
        Column("lease_to", _("Lease to"), holds="day", width=11),
        Column("may_leave", _("May be taken out"), show=yes, tell=truth, width=9),
        Column("in_ledger", _("In the ledger"), show=yes, tell=truth, width=9),
        Column("wave", _("Wave"), holds="number", width=7),
        Column("planned_day", _("Planned day"), holds="day", width=11),
        Column("state", _("State"), show=words(MachineState), width=12),
        Column("step", _("Step"), show=words(Step), width=12),
        Column("attempt", _("Attempt"), holds="number", width=8),
        Column("state_since", _("In this state since"), "moment", moment, moment, 20),
        Column("cause", _("Cause"), show=cause, tell=cause, width=30),
        Column("held_from", _("Held from"), show=words(MachineState), width=12),
        Column("hold_until", _("Held until"), holds="day", width=11),
        Column("image_id", _("Image"), width=14, new_page=True),
        Column("last_seen_at", _("Last seen"), "moment", moment, moment, 20),
        Column("remark", _("Remark"), width=24),
        Column("spare", _("Spare in its place"), width=16),
        Column("stands_in_for", _("Stands in for"), width=16),
        Column("upn", _("Sign-in name"), width=26),
        *(
            Column(service.value, headed(label(service)), show=account, width=12)
            for service in CloudService
        ),
        Column("take_out", _("Take-out"), show=words(TakeoutState), width=10, new_page=True),
        Column("take_out_from", _("Out from"), holds="day", width=11),
        Column("take_out_to", _("Out until"), holds="day", width=11),
        Column("disk_pin", _("PIN of the disk"), show=words(PinState), width=12),
        Column("controls_passed", _("Controls passed"), holds="number", width=9),
        Column("controls_failed", _("Controls failed"), holds="number", width=9),
        Column("controls_pending", _("Controls pending"), holds="number", width=9),
        Column("controls_lacking", _("Controls lacking"), show=lacking(), width=78),
        Column("measured_at", _("Measured at"), "moment", moment, moment, 20),
    )
    assert tuple(column.key for column in found) == machines.FIELDS  # noqa: S101  (mixed columns)
    return found
