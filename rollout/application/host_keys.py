"""Forgetting the SSH host key by which a machine is known.

A machine brings its key with its check-in, and from then on a connection that shows another one is
refused: it may be another machine. Who has set it up anew by hand knows that it is the same.
"""

from datetime import datetime

from rollout.application.operators import Operator
from rollout.domain.errors import RolloutError
from rollout.domain.history import Fact
from rollout.domain.lifecycle import Described
from rollout.i18n import _
from rollout.settings import OperatorRole
from rollout.store import history, machines
from rollout.store.columns import instant_text
from rollout.store.database import Database


class HostKeyVerb(Described):
    """What can be done to the key of a machine."""

    FORGET_KEY = "forget_key", "Trust the host key that the machine shows next."


class KeyRefused(RolloutError):
    """There is nothing to forget; the message says what to do."""


def forget(
    database: Database, tag: str, operator: Operator, at: datetime, *, reason: str | None
) -> None:
    """Let connections to this machine take the key that it shows, until it checks in again.

    Raises KeyRefused, NotPermitted, NotFound.
    """
    operator.must_be(OperatorRole.APPROVER)
    if not reason or not reason.strip():
        raise KeyRefused(_("this needs a reason: give --reason"))
    with database.write() as session:
        machine = machines.by_tag(session, tag)
        if machine.host_key is None:
            raise KeyRefused(
                _("no host key of {tag} is recorded: connections take the one it shows").format(
                    tag=tag
                )
            )
        machine.host_key = None
        session.add(machine)
        fact = Fact(
            instant_text(at),
            operator.name,
            "machine",
            machine.id or 0,
            machine.asset_tag,
            HostKeyVerb.FORGET_KEY.value,
            machine.state,
            machine.state,
            reason.strip(),
            None,
            machine.version,
        )
        history.append(session, [fact])
