"""One machine: what it is, what happened to it, what it proved."""

from collections.abc import Sequence
from typing import ClassVar

from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widgets import Static

from rollout.application import machines
from rollout.application.command_words import outcome_of
from rollout.application.control_words import control_word
from rollout.application.fact_words import fact_words
from rollout.application.machines import Joined, MachineView
from rollout.domain.controls import Verdict
from rollout.domain.machine import MachineState, Step
from rollout.domain.run import ClaimOutcome
from rollout.domain.words import msgid
from rollout.i18n import _
from rollout.i18n.labels import label
from tui.desk import Desk
from tui.looks import machine_state
from tui.plain import whole
from tui.screens.machine_keys import MachineKeys
from tui.themes import BAD, GOOD, WARN

_Section = tuple[list[Text], list[list[Text]]]
_VERDICTS = {"pass": GOOD, "fail": BAD, "pending": WARN}


class MachineScreen(MachineKeys):
    """Scrolls as one page; the newest of the timeline stands first."""

    room = "machines"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "app.pop_screen", msgid("back")),
    ]

    def __init__(self, desk: Desk, tag: str) -> None:
        super().__init__(desk)
        self._tag = tag
        self._shown: dict[str, object] = {}

    def compose_room(self) -> ComposeResult:
        """The sections of the page."""
        with VerticalScroll(id="page"):
            for section in ("facts", "timeline", "evidence", "claims"):
                yield Static(id=section, classes="section", markup=False)

    def on_mount(self) -> None:
        """The page scrolls by keys at once."""
        super().on_mount()
        self.query_one("#page").focus()

    def look(self, question: object) -> MachineView:
        """Everything that is known of the machine."""
        return machines.show(self.desk.database, self._tag)

    def chosen(self) -> Joined | None:
        """This machine."""
        return self.last.snapshot.joined if self.last is not None else None

    def paint(self, snapshot: MachineView) -> None:
        """Draw the sections that have changed."""
        self._draw("facts", (), self._facts(snapshot))
        self._draw("timeline", *self._timeline(snapshot))
        self._draw("evidence", *self._evidence(snapshot))
        self._draw("claims", *self._claims(snapshot))
        self.words.show_words(self._tag)

    def _draw(self, section: str, heads: Sequence[Text], rows: Sequence[Sequence[Text]]) -> None:
        lines = [heads, *rows] if heads else rows
        drawn = [[(cell.plain, str(cell.style)) for cell in line] for line in lines]
        if self._shown.get(section) == drawn:
            return
        self._shown[section] = drawn
        self.query_one(f"#{section}", Static).display = bool(rows)
        table = Table.grid(padding=(0, 2))
        for line in lines:
            table.add_row(*line)
        self.query_one(f"#{section}", Static).update(table)

    def _facts(self, view: MachineView) -> list[list[Text]]:
        joined, machine = view.joined, view.joined.machine
        state = machine_state(machine.state)
        if machine.step:
            state.append(f"  {label(Step(machine.step))}")
            state.append(_(", attempt {number}").format(number=machine.attempt))
        facts: list[tuple[str, Text]] = [
            (_("asset tag"), whole(machine.asset_tag, "bold")),
            (_("state"), state),
            (_("since"), whole(self.desk.local(machine.state_since, "%Y-%m-%d %H:%M:%S"))),
            (_("cause"), whole(joined.cause, WARN)),
            (_("owner"), whole(_joined(joined.owner, joined.staff_number))),
            (_("department"), whole(_joined(joined.bureau, joined.division))),
            (_("site"), whole(_joined(joined.site, machine.floor))),
            (_("computer"), whole(_joined(machine.computer_name, machine.model))),
            (_("serial"), whole(machine.serial)),
            (_("wave"), whole(_joined(joined.wave, machine.planned_day))),
            (_("image"), whole(machine.image_id)),
            (_("last seen"), whole(self.desk.local(machine.last_seen_at, "%Y-%m-%d %H:%M:%S"))),
            (_("spare"), whole(_spare(view), WARN)),
            (_("asked"), whole(self._asked(view))),
            (_("remark"), whole(machine.remark)),
        ]
        if view.last_failure is not None:
            failure = view.last_failure
            words = f"{failure.task}: {failure.message or ''}"
            facts.insert(4, (_("last failing task"), whole(words, BAD)))
        return [[Text(name, style="dim"), value] for name, value in facts if value.plain]

    def _asked(self, view: MachineView) -> str:
        """The newest request to probe the machine, with what came of it."""
        if view.asked is None:
            return ""
        return _("by {who}, {at}: {outcome}").format(
            who=view.asked.actor,
            at=self.desk.local(view.asked.created_at),
            outcome=outcome_of(view.asked),
        )

    def _timeline(self, view: MachineView) -> _Section:
        heads = _heads(_("time"), _("what"), _("state"), _("who"), _("reason"))
        lines: list[list[Text]] = []
        words = fact_words()
        for row in reversed(view.history):
            known = row.to_state in set(MachineState)
            lines.append(
                [
                    whole(self.desk.local(row.at, "%m-%d %H:%M:%S")),
                    whole(words.verb((row.noun, row.verb))),
                    machine_state(row.to_state or "") if known else whole(row.to_state),
                    whole(row.actor),
                    whole(row.reason),
                ]
            )
        return heads, lines

    def _evidence(self, view: MachineView) -> _Section:
        heads = _heads(_("evidence"), _("verdict"), _("value"), _("source"), _("time"))
        lines: list[list[Text]] = []
        for found in reversed(view.evidence):
            lines.append(
                [
                    whole(control_word(found.control)),
                    whole(_verdict(found.verdict), _VERDICTS.get(found.verdict, "")),
                    whole(found.value),
                    whole(found.source),
                    whole(self.desk.local(found.measured_at)),
                ]
            )
        return heads, lines

    def _claims(self, view: MachineView) -> _Section:
        heads = _heads(_("claim"), _("step"), _("attempt"), _("run"), _("begun"), _("end"))
        lines: list[list[Text]] = []
        for claim in reversed(view.claims):
            outcome = label(ClaimOutcome(claim.outcome)) if claim.outcome else _("open")
            ended = self.desk.local(claim.ended_at, " %m-%d %H:%M:%S")
            lines.append(
                [
                    whole(claim.id),
                    whole(label(Step(claim.step))),
                    whole(claim.attempt),
                    whole(claim.run_id),
                    whole(self.desk.local(claim.created_at, "%m-%d %H:%M:%S")),
                    whole(outcome + ended),
                ]
            )
        return heads, lines


def _heads(*words: str) -> list[Text]:
    return [Text(word, style="bold underline") for word in words]


def _joined(*parts: object) -> str:
    return "  ".join(str(part) for part in parts if part)


def _spare(view: MachineView) -> str:
    loan = view.loan
    if loan is None:
        return ""
    if loan.spare == view.joined.machine.asset_tag:
        return _("with {owner}, in place of {machine}").format(
            owner=loan.owner, machine=loan.machine
        )
    return _("{spare} stands in for it").format(spare=loan.spare)


def _verdict(verdict: str) -> str:
    return label(Verdict(verdict)) if verdict in set(Verdict) else verdict
