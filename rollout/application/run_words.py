"""What a run does and what came of its tasks, in the reader's language."""

from rollout.domain.machine import Step
from rollout.domain.run import RunPurpose
from rollout.i18n import _
from rollout.i18n.labels import label
from rollout.store.tables import Run


def what_it_does(run: Run) -> str:
    """Its step, or for what it runs beside the passage."""
    if run.purpose == RunPurpose.STEP and run.step:
        return label(Step(run.step))
    return label(RunPurpose(run.purpose))


def result_words(status: str) -> str:
    """How a task ended on a machine; what Ansible may say some day stays as it is."""
    known = {
        "ok": _("ok"),
        "changed": _("changed"),
        "failed": _("failed"),
        "unreachable": _("unreachable"),
        "skipped": _("skipped"),
        "ignored": _("ignored"),
    }
    return known.get(status, status)
