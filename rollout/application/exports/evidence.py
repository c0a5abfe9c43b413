"""`export evidence`: what was measured of each control on each PC, and what is missing.

A row per PC and control: every control that was measured since the disk was last rewritten, and on
a PC that is on the new platform every control that the security model asks for. What the model asks
for and no measurement proves is a gap.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlmodel import Session

from rollout.application.control_words import control_word, control_words
from rollout.application.exports.extract import (
    Column,
    Extract,
    Note,
    Page,
    local,
    words,
    yes_no,
)
from rollout.application.exports.filtered import told as told_filter
from rollout.application.exports.forms import Cell, iso
from rollout.application.exports.stamp import Kind
from rollout.domain.controls import AUDITED, MFA, TITLES, Verdict
from rollout.domain.machine import MachineState
from rollout.i18n import _
from rollout.i18n.labels import headed, label
from rollout.settings import Settings
from rollout.store.database import Database
from rollout.store.exporting import evidence, machines, past
from rollout.store.exporting.beside import Until
from rollout.store.exporting.evidence import Measured
from rollout.store.exporting.machines import FIELDS, IDS
from rollout.store.exporting.reach import reach_at
from rollout.store.machines import Filter

EVERYTHING = Filter()
GAPS = 10_000
"""So many gaps are listed apart from the rows; the rows have every one."""
_NEEDED = ("asset_tag", "serial", "generation", "site", "department", "division", "state", *IDS)
_PLACES = [(*FIELDS, *IDS).index(name) for name in _NEEDED]


@contextmanager
def open_evidence(
    database: Database,
    settings: Settings,
    *,
    now: datetime,
    wanted: Filter = EVERYTHING,
    as_of: datetime | None = None,
) -> Iterator[Extract]:
    """One consistent view of the evidence; write it out before the block ends."""
    with database.read() as session:
        yield extract(session, settings, now=now, wanted=wanted, as_of=as_of)


def extract(
    session: Session,
    settings: Settings,
    *,
    now: datetime,
    wanted: Filter = EVERYTHING,
    as_of: datetime | None = None,
    until: Until | None = None,
) -> Extract:
    """The same in a transaction that is open already. `until` goes before `as_of`."""
    zone = settings.programme.zone
    bound = until or (None if as_of is None else Until(at=as_of))
    if bound is None:
        today = now.astimezone(zone).date()
        extent = machines.extent(session, wanted, today)
        total, size = extent.machines, extent.fitting(machines.PAGE)
        source = machines.pages(session, wanted, today, size=size)
    else:
        then = as_of or now
        day = then.astimezone(zone).date()
        total, source = past.total(session), past.pages(session, wanted, bound, then, day)
    tally = Tally()
    reading = _Reading(session, settings, bound or Until(), tally)
    moment = iso(as_of or now, zone) or ""
    filtered = {name: value for name, value in asdict(wanted).items() if value}
    controls = list(settings.verify.controls)
    unknown = [] if as_of is None else [MFA]
    return Extract(
        kind=Kind.EVIDENCE,
        title=_("Evidence"),
        columns=columns(zone),
        pages=(page for page in map(reading.page, source) if page),
        total=total * max(1, len(controls)),
        as_of=moment,
        past=as_of is not None,
        programme=settings.programme.name,
        reach=reach_at(session, as_of),
        head={
            "programme": settings.programme.name,
            "as_of": moment,
            "filter": filtered,
            "required": controls,
            "not_known": unknown,
        },
        facts=[
            (_("Programme"), settings.programme.name),
            (_("As of"), moment),
            (_("Filter"), told_filter(wanted)),
            (_("Asked for by the security model"), control_words(controls)),
            *([(_("Not known of this moment"), control_word(MFA))] if unknown else []),
        ],
        filter=filtered,
        counts=tally.counts,
        notes=lambda: [_by_control(tally, zone), _gaps(tally)],
    )


@dataclass
class Tally:
    """What the rows add up to. `counts` hold what the history can prove later; what was read at
    the directory is not in them."""

    counts: Counter[str] = field(default_factory=Counter)
    by_control: dict[str, Counter[str]] = field(default_factory=dict)
    oldest: dict[str, str] = field(default_factory=dict)
    gaps: list[tuple[str, str, str, str | None]] = field(default_factory=list)
    missed: int = 0

    def add(self, tag: str, control: str, line: Measured | None, required: bool) -> bool:
        """Count one row; whether it is a gap."""
        verdict = line.verdict if line is not None else Verdict.MISSING.value
        seen = self.by_control.setdefault(control, Counter())
        seen[verdict] += 1
        if line is not None:
            before = self.oldest.get(control, line.measured_at)
            self.oldest[control] = min(before, line.measured_at)
        if control != MFA:
            self.counts[f"verdict.{verdict}"] += 1
        gap = required and verdict != Verdict.PASS
        if gap:
            seen["gap"] += 1
            self.missed += 1
            if len(self.gaps) < GAPS:
                self.gaps.append((tag, control, verdict, line.value if line else None))
        return gap


class _Reading:
    """Makes pages of evidence of pages of machines."""

    def __init__(self, session: Session, settings: Settings, until: Until, tally: Tally) -> None:
        self._session, self._settings = session, settings
        self._until, self._tally = until, tally
        # Only the last reading of the directory is kept: of a moment before it nothing is known.
        self._past = until.at is not None
        tally.counts.update(
            {"machines": 0, "audited": 0, **{f"verdict.{word.value}": 0 for word in Verdict}}
        )

    def page(self, page: Page) -> Page | None:
        """The rows of these machines in columns; None when they have none."""
        picked = [page[place] for place in _PLACES]
        ids, owners = picked[-2], picked[-1]
        lines = evidence.measured(self._session, ids, self._until)
        registered = evidence.sign_ins(self._session, owners, self._until)
        rows: list[tuple[Cell, ...]] = []
        for machine in zip(*picked, strict=True):
            *about, id_, owner = machine
            known = {line.control: line for line in lines.get(id_, ())}
            on_platform = MachineState(about[6]) in AUDITED
            if owner in registered and on_platform and not self._past:
                known[MFA] = _mfa(*registered[owner])
            rows += self._rows(about, known, owner)
        return [*zip(*rows, strict=True)] if rows else None

    def _rows(
        self, about: Sequence[Cell], known: Mapping[str, Measured], owner: int | None
    ) -> Iterator[tuple[Cell, ...]]:
        tag, generation, state = str(about[0]), str(about[2]), str(about[6])
        asked = self._asked(generation, owner) if MachineState(state) in AUDITED else ()
        self._tally.counts["machines"] += 1
        self._tally.counts["audited"] += MachineState(state) in AUDITED
        for control in (*asked, *sorted(set(known) - set(asked))):
            line, required = known.get(control), control in asked
            gap = self._tally.add(tag, control, line, required)
            verdict = line.verdict if line else Verdict.MISSING.value
            yield (
                *about, control, required, verdict,
                line.value if line else None, line.measured_at if line else None,
                line.run_id if line else None, line.source if line else None, gap,
            )  # fmt: skip

    def _asked(self, generation: str, owner: int | None) -> Sequence[str]:
        verify = self._settings.verify
        leaves = self._settings.generation(generation).take_home is True
        return [
            control
            for control in verify.controls
            if (leaves or control not in verify.only_take_home)
            and (control != MFA or (owner is not None and not self._past))
        ]


def _mfa(registered: bool, at: str) -> Measured:
    value = "registered" if registered else "not registered"
    verdict = Verdict.PASS if registered else Verdict.FAIL
    return Measured(MFA, value, verdict.value, "userRegistrationDetails", None, at)


def columns(zone: ZoneInfo) -> tuple[Column, ...]:
    """Of a row."""
    moment, yes = local(zone), yes_no()
    return (
        Column("asset_tag", _("Asset tag"), width=16),
        Column("serial", _("Serial number"), width=16),
        Column("generation", _("Generation"), width=10),
        Column("site", _("Site"), width=10),
        Column("department", _("Department"), width=18),
        Column("division", _("Division"), width=18),
        Column("state", _("State"), show=words(MachineState), width=12),
        Column("control", _("Control"), show=control_word, width=38),
        Column("required", _("Asked for"), show=yes, width=9),
        Column("verdict", _("Verdict"), show=words(Verdict), width=10),
        Column("value", _("Measured"), width=34),
        Column("measured_at", _("Measured at"), "moment", moment, moment, 20),
        Column("run", _("Run"), holds="number", width=8),
        Column("source", _("Source"), width=28),
        Column("gap", _("Gap"), show=yes, width=7),
    )


def _by_control(tally: Tally, zone: ZoneInfo) -> Note:
    moment = local(zone)
    rows = [
        (
            control,
            sum(seen[word.value] for word in Verdict),
            *(seen[word.value] for word in Verdict),
            seen["gap"],
            tally.oldest.get(control),
        )
        for control, seen in sorted(tally.by_control.items(), key=_model_first)
    ]
    return Note(
        "controls",
        _("By control"),
        (
            Column("control", _("Control"), show=control_word),
            Column("rows", _("Machines"), holds="number"),
            *(Column(word.value, headed(label(word)), holds="number") for word in Verdict),
            Column("gaps", _("Gaps"), holds="number"),
            Column("oldest", _("Oldest measurement"), "moment", moment, moment),
        ),
        rows,
    )


def _model_first(item: tuple[str, object]) -> tuple[int, str]:
    names = list(TITLES)
    return (names.index(item[0]) if item[0] in TITLES else len(names), item[0])


def _gaps(tally: Tally) -> Note:
    more = tally.missed - len(tally.gaps)
    heading = _("Gaps: {count}").format(count=tally.missed)
    if more:
        heading = _("Gaps: {count}, the first {shown} of them here").format(
            count=tally.missed, shown=len(tally.gaps)
        )
    return Note(
        "gaps",
        heading,
        (
            Column("asset_tag", _("Asset tag")),
            Column("control", _("Control"), show=control_word),
            Column("verdict", _("Verdict"), show=words(Verdict)),
            Column("value", _("Measured")),
        ),
        tally.gaps,
    )
