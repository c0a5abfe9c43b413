"""Orders become Graph's requests, and its answers are taken for what they mean."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollout.adapters.graph.calls import call, outcome
from rollout.application.accounts.orders import (
    AddMember,
    AssignApp,
    CheckLicences,
    CreateGroup,
    CreateTeam,
    CreateUser,
    Done,
    Doubtful,
    FindGroup,
    FindUser,
    Missing,
    NotYet,
    Order,
    Outcome,
    ProvisionApp,
    Refused,
    RemoveMember,
    SetLicences,
    SetMailbox,
    Taken,
)

BASE = "https://graph.microsoft.com/v1.0"
NEW = CreateUser(1, "a@b.example", "a", "職員", "0001", None, "JP", "ja-JP", "secret")


@given(st.text(min_size=1), st.text(min_size=1))
def test_a_name_stays_one_value_of_the_filter_whatever_is_in_it(upn: str, number: str) -> None:
    path = call(FindUser(1, upn, number), BASE).path

    (text,) = parse_qs(urlsplit(path).query, keep_blank_values=True)["$filter"]

    quoted = [value.replace("'", "''") for value in (upn, number)]
    assert text == f"userPrincipalName eq '{quoted[0]}' or employeeId eq '{quoted[1]}'"


@given(st.text(min_size=1))
def test_an_id_stays_one_segment_of_the_path(user: str) -> None:
    path = call(SetMailbox(1, user, "ja-JP", "Tokyo Standard Time"), BASE).path

    assert path.count("/") == 3


def test_a_password_is_not_shown_with_its_order() -> None:
    assert "secret" not in repr(NEW)


def error(code: str, message: str) -> dict[str, Any]:
    return {"error": {"code": code, "message": message, "innerError": {"request-id": "r1"}}}


@pytest.mark.parametrize(
    ("order", "status", "body", "meant"),
    [
        (NEW, 201, {"id": "u1"}, Done("u1")),
        (NEW, 503, error("x", "busy"), Doubtful("busy", "r1")),
        (NEW, 504, None, Doubtful("HTTP 504", "r0")),
        (
            NEW,
            400,
            error("Request_BadRequest", "Another object with the same value already exists."),
            Taken("Another object with the same value already exists.", "r1"),
        ),
        (NEW, 400, error("Request_BadRequest", "no"), Refused("Request_BadRequest", "no", "r1")),
        (CreateGroup(1, "a", "A"), 409, error("Conflict", "twice"), Taken("twice", "r1")),
        (CreateTeam(1, "g1"), 404, error("NotFound", "group"), NotYet("group", "r1")),
        (CreateTeam(1, "g1"), 409, error("Conflict", "there"), Done()),
        (AddMember(1, "g", "u"), 204, None, Done()),
        (AddMember(1, "g", "u"), 400, error("x", "references already exist for"), Done()),
        (AddMember(1, "g", "u"), 404, error("x", "g?"), NotYet("g?", "r1")),
        (RemoveMember(1, "g", "u"), 404, error("x", "not there"), Done()),
        (AssignApp(1, "a", "r", "u"), 400, error("x", "assigned already exists"), Done()),
        (
            SetLicences(1, "u", (), ("s",)),
            400,
            error("x", "User does not have a corresponding license."),
            Done(),
        ),
        (
            SetLicences(1, "u", ("s",), ()),
            400,
            error("x", "no seats"),
            Refused("x", "no seats", "r1"),
        ),
        (SetMailbox(1, "u", "ja", "T"), 404, error("MailboxNotEnabled", "no"), NotYet("no", "r1")),
        (FindUser(1, "a@b", "1"), 200, {"value": []}, Missing()),
        (
            FindUser(1, "a@b", "1"),
            200,
            {"value": [{"id": "u", "userPrincipalName": "A@B", "employeeId": "1"}]},
            Done("u"),
        ),
        (FindGroup(1, "g"), 200, {"value": [{"id": "s", "groupTypes": []}]}, Missing()),
        (FindGroup(1, "g"), 200, {"value": [{"id": "g", "groupTypes": ["Unified"]}]}, Done("g")),
        (CheckLicences(1, "u", ("s",)), 200, {"assignedLicenses": [{"skuId": "s"}]}, Done()),
        (
            CheckLicences(1, "u", ("s",)),
            200,
            {
                "licenseAssignmentStates": [
                    {"skuId": "s", "state": "Error", "error": "CountViolation"}
                ]
            },
            Refused("CountViolation", "group-based licence: CountViolation"),
        ),
        (ProvisionApp(1, "a", "j", "r", "u"), 200, {"value": "status: Success"}, Done()),
        (ProvisionApp(1, "a", "j", "r", "u"), 200, {"value": "skipped"}, NotYet("skipped")),
    ],
)
def test_an_answer_is_taken_for_what_it_means(
    order: Order, status: int, body: Any, meant: Outcome
) -> None:
    assert outcome(order, status, body, "r0") == meant


def test_two_users_that_match_are_no_answer() -> None:
    body = {
        "value": [
            {"id": "u1", "userPrincipalName": "a@b", "employeeId": None},
            {"id": "u2", "userPrincipalName": "c@b", "employeeId": "1"},
        ]
    }

    assert isinstance(outcome(FindUser(1, "a@b", "1"), 200, body, None), Refused)
