"""The numbers that the vendor's support asks for, wherever a failure is shown."""

import json
from collections.abc import Callable
from datetime import timedelta
from threading import Event
from typing import Any

import pytest
from sqlmodel import select

from rollout.application.accounts.carrying_out import carry_out
from rollout.application.accounts.plan import Scope, begin, propose
from rollout.application.operators import Operator
from rollout.cli.entry import run
from rollout.domain.account import AccountVerb
from rollout.settings import OperatorRole
from rollout.store import accounts
from rollout.store.tables import AuditRow

OPERATOR = Operator("operator", OperatorRole.OPERATOR)


def test_the_numbers_of_a_refused_request_are_in_the_history_and_in_both_statuses(
    found: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    # The application may make groups, and not put anybody into one.
    prefecture = found(
        'services = ["identity", "groupware"]',
        roles=("User.ReadWrite.All", "Group.Create", "Group.Read.All", "Organization.Read.All"),
    )
    prefecture.employ(1)
    app = prefecture.app
    now = app.clock.now
    propose(app.database, app.settings, app.directory, Scope(), OPERATOR, now())
    begin(app.database, app.settings, app.directory, OPERATOR, now())
    carry_out(
        app.accounts_work, app.database, app.clock, patience=timedelta(minutes=1), stop=Event()
    )

    with app.database.read() as session:
        (row,) = [one for one in accounts.of_people(session) if one.state == "blocked"]
        facts = session.exec(
            select(AuditRow).where(
                AuditRow.noun == "account",
                AuditRow.noun_id == row.id,
                AuditRow.verb == AccountVerb.BLOCK.value,
            )
        ).all()
    theirs, ours = row.request_id, row.client_request_id
    assert theirs
    assert ours in _our_numbers_of_refused_requests(prefecture)
    assert [json.loads(fact.detail or "{}") for fact in facts] == [
        {"request_id": theirs, "client_request_id": ours}
    ]

    monkeypatch.setenv("ROLLOUT_CONFIG", str(prefecture.configuration))
    assert run(["accounts", "status", "--json"]) == 0
    (blocked,) = json.loads(capsys.readouterr().out)["blocked"]
    assert (blocked["request_id"], blocked["client_request_id"]) == (theirs, ours)
    for language, heading in (("en", "its request, and our number"), ("ja", "要求 ID")):
        monkeypatch.setenv("ROLLOUT_LANG", language)
        assert run(["accounts", "status"]) == 0
        printed = capsys.readouterr().out
        assert heading in printed
        words = printed.split()
        assert (words.count(theirs), words.count(ours)) == (1, 1), "whole, to be copied"


def _our_numbers_of_refused_requests(prefecture: Any) -> set[str]:
    """As they reached the tenant, in the parts of batches too."""
    lines = prefecture.tenant.requests.read_text(encoding="utf-8").splitlines()
    return {
        one["headers"].get("client-request-id")
        for one in map(json.loads, lines)
        if one["status"] == 403
    }
