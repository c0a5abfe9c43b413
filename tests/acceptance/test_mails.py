"""Mails to owners and promoters as they are typed: planned, rehearsed, sent once, none twice."""

import base64
from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta

from tests.acceptance.conftest import LEDGER, Said, Terminal
from tests.acceptance.lab_tenant import tenant_of

SENDER = "dx@pref.example.jp"
PEOPLE = [f"10000{number}" for number in range(1, 6)]
OPERATOR = "100001"
SCENARIO = {
    "users": [
        {"userPrincipalName": name, "usageLocation": "JP", "licences": ["SPE_E3"]}
        for name in (SENDER, *(f"{number}@pref.example.jp" for number in PEOPLE))
    ],
}
SWITCHED_ON = f"""
[notices]
sender = "{SENDER}"
contact = "DX推進課 059-000-0000"
[training]
courses = ["情報セキュリティ"]
"""
NAMES = """職員番号,氏名,部局,所属,デジタル活用推進員
100001,髙橋 花子,総務部,人事課,
100002,山﨑 一郎,総務部,人事課,○
100005,佐藤 次郎,総務部,人事課,
"""


def _recipients(
    mails: Sequence[dict[str, dict[str, list[dict[str, dict[str, str]]]]]],
) -> Counter[str]:
    return Counter(
        mail["message"]["toRecipients"][0]["emailAddress"]["address"].partition("@")[0]
        for mail in mails
    )


def test_what_is_due_is_shown_rehearsed_and_sent_once(desk: Terminal) -> None:
    rollout = desk.rollout
    (desk.folder / "ledger.csv").write_text(LEDGER, encoding="cp932")
    assert rollout("import", "ledger", "ledger.csv").code == 0
    with tenant_of(desk, SCENARIO, SWITCHED_ON) as tenant:
        # Given a plan with an approved pilot, and nobody who is a promoter yet
        assert rollout("plan", "solve").code == 0
        assert rollout("plan", "commit").code == 0
        machines = rollout("machine", "list", "--json").json
        assert rollout("wave", "submit", "1").code == 0
        assert rollout("wave", "approve", "1", actor="ito").code == 0
        planned = [one["planned_day"] for one in machines if one["wave"] == 1]
        before = date.fromisoformat(min(planned)) - timedelta(days=1)

        def type_(*words: str, lang: str = "en") -> Said:
            return rollout("--now", f"{before}T08:00:00+09:00", *words, lang=lang, actor=OPERATOR)

        # When promoters are to be reminded, Then it is said what to do, in one line.
        said = type_("training", "remind", lang="ja")
        assert (said.code, said.err.count("\n")) == (1, 1), said
        assert "デジタル活用推進員" in said.err
        # Given the list of people that marks one
        (desk.folder / "people.csv").write_text(NAMES, encoding="cp932")
        assert rollout("import", "people", "people.csv").code == 0
        # When promoters are reminded, Then the marked one is told of the office.
        said = type_("training", "remind", "--json")
        (told,) = said.json["promoters"]
        assert (told["staff_number"], said.json["planned"]) == ("100002", 1)
        # When the outbox is filled, Then it shows who would get what.
        due = type_("notice", "plan", "--json").json["notices"]
        kinds = Counter(one["kind"] for one in due)
        assert kinds["missing_training"] == 1, kinds
        assert kinds.keys() & {"days_before", "day_before"}, kinds
        # When it is rehearsed to what is no address, Then it is refused before anything is sent.
        said = type_("notice", "send", "--send-to", "okada", lang="ja")
        assert (said.code, "'okada'" in said.err, tenant.dump()["sentMail"]) == (1, True, []), said
        # When it is rehearsed, Then all goes to the operator, and nothing is recorded.
        said = type_("notice", "send", "--send-to", "me")
        assert said.code == 0, said
        mails = tenant.dump()["sentMail"]
        assert _recipients(mails) == {OPERATOR: len(due)}
        calendars = [
            base64.b64decode(part["contentBytes"]).decode()
            for mail in mails
            for part in mail["message"].get("attachments", [])
        ]
        assert any("BEGIN:VEVENT" in text for text in calendars)
        assert type_("notice", "plan", "--json").json["notices"] == due
        # When it is sent, and sent again
        first, second = type_("notice", "send"), type_("notice", "send")
        # Then each went once, to whom it was for.
        assert (first.code, f"sent {len(due)}," in first.out) == (0, True), first
        assert "sent 0," in second.out
        sent = _recipients(tenant.dump()["sentMail"][len(mails) :])
        assert sent == Counter(one["staff_number"] for one in due)
