"""What an operator can ask of a run, and what they are told before."""

from collections.abc import Sequence

from rollout.application import runs
from rollout.application.at_work import AtWork
from rollout.application.run_words import what_it_does
from rollout.application.runs import RunView
from rollout.domain.machine import MachineState, MachineVerb, Step
from rollout.domain.run import ALIVE, ClaimOutcome, RunPurpose, RunState
from rollout.i18n import _
from rollout.i18n.labels import label
from rollout.store.tables import Run
from tui import failure_actions
from tui.desk import Desk
from tui.screens.confirm import MANY, Question


def is_alive(run: Run) -> bool:
    """Whether it can be stopped."""
    return RunState(run.state) in ALIVE


def cancel_question(run: Run) -> Question:
    """What will happen when the run is stopped."""
    return Question(
        title=_("Run {number}: cancel").format(number=run.id),
        lines=[
            _("{step} on {size} {size:machine|machines}").format(
                step=what_it_does(run), size=run.size
            ),
            _("Ansible is stopped. Machines without a result are in doubt and are probed."),
        ],
        yes=_("cancel run"),
        reason=True,
    )


def cancel(desk: Desk, run_id: int, reason: str | None) -> str:
    """Ask the daemon; what to tell the operator. Raises RolloutError."""
    runs.cancel(desk.database, run_id, desk.operator, desk.now(), reason)
    return _("run {number}: the daemon was asked to stop it").format(number=run_id)


_LEFT = frozenset({MachineState.FAILED, MachineState.SILENT, MachineState.UNKNOWN})


def to_retry(run: Run, machines: Sequence[AtWork]) -> list[str]:
    """The machines of the run that failed in it and still stand there."""
    return [
        one.acted.asset_tag
        for one in machines
        if one.acted.outcome in (ClaimOutcome.FAILED, ClaimOutcome.SILENT)
        and one.acted.state in _LEFT
        and run.purpose == RunPurpose.STEP
    ]


def retry_question(run: Run, tags: Sequence[str]) -> Question:
    """What will happen when those that failed in the run begin again."""
    lines = [
        _("Only the {count} {count:machine|machines} that failed in this run.").format(
            count=len(tags)
        )
    ]
    rewrites = run.step == Step.REIMAGE
    if rewrites:
        lines += [
            _("Their disks are rewritten when the step begins again."),
            _("Those that may have been rewritten already are asked first."),
        ]
    elif run.step:
        lines.append(
            _("The step {step} is tried again with a new attempt.").format(
                step=label(Step(run.step))
            )
        )
    return Question(
        title=_("Run {number}: retry").format(number=run.id),
        lines=lines,
        yes=label(MachineVerb.RETRY),
        reason=True,
        number=len(tags) if rewrites or len(tags) > MANY else None,
    )


def retry(desk: Desk, tags: Sequence[str], reason: str | None) -> str:
    """Do it; what to tell the operator. Raises RolloutError."""
    return failure_actions.carry_out(desk, tags, MachineVerb.RETRY, reason)


def troubles(view: RunView) -> str:
    """Machines by bad status."""
    words = {"failed": _("failed"), "unreachable": _("unreachable")}
    return "  ".join(
        f"{words.get(status, status)} {number}" for status, number in view.troubles.items()
    )
