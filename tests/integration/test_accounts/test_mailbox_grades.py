"""A moved mailbox with a bad grade in the plan, and after its approval."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from rollout.adapters.ledger.lists import open_list
from rollout.application.accounts.plan import Scope, begin, propose
from rollout.application.mailboxes.approving import approve
from rollout.application.mailboxes.importing import Order, import_mailboxes
from rollout.application.operators import Operator
from rollout.domain.account import CloudService, PlannedAction
from rollout.settings import OperatorRole
from rollout.store import accounts

ITO = Operator("ito", OperatorRole.OPERATOR)
SATO = Operator("sato", OperatorRole.APPROVER)


def test_only_the_mailbox_waits_for_its_grade_and_is_made_ready_when_it_is_approved(
    found: Callable[..., Any], tmp_path: Path
) -> None:
    prefecture = found()
    prefecture.employ(1)
    app = prefecture.app
    file = tmp_path / "batch.csv"
    file.write_text(
        "Identity,Status,BatchId,DataConsistencyScore\n"
        "000001@pref.example.jp,Synced,first,Investigate\n"
    )
    order = Order()
    import_mailboxes(
        app.database, app.settings, open_list(file, "mailbox_batches"),
        operator=ITO, now=app.clock.now(), order=order,
    )  # fmt: skip

    proposal = propose(app.database, app.settings, app.directory, Scope(), ITO, app.clock.now())
    actions = {one.service: one for one in proposal.decisions}
    assert actions[CloudService.MAILBOX].action is PlannedAction.BLOCKED
    assert "Investigate" in str(actions[CloudService.MAILBOX].cause)
    assert actions[CloudService.CHAT].action is PlannedAction.CREATE

    begin(app.database, app.settings, app.directory, ITO, app.clock.now())
    _work(prefecture)
    assert _states(prefecture) == {
        "identity": "ready", "licence": "ready", "mailbox": "blocked", "groupware": "ready",
        "chat": "ready",
    }  # fmt: skip

    approve(app.database, "000001", SATO, app.clock.now(), "迷惑メールのみ")
    _work(prefecture)

    assert _states(prefecture)["mailbox"] == "ready"
    assert prefecture.chain_holds()


def _work(prefecture: Any) -> None:
    for _ in range(20):
        if prefecture.app.accounts_work.cycle().taken == 0:
            return
    raise AssertionError("something is due again and again")


def _states(prefecture: Any) -> dict[str, str]:
    with prefecture.app.database.read() as session:
        return {row.service: row.state for row in accounts.of_people(session)}
