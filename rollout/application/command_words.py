"""What became of requests to the daemon, in the reader's language."""

from rollout.i18n import _
from rollout.store.tables import Command


def outcome_of(command: Command) -> str:
    """The answer, or that there is none yet."""
    if command.answer is None:
        return _("not answered yet")
    return (
        _("refused: {answer}").format(answer=command.answer) if command.refused else command.answer
    )
