"""Makes the daily report in `docs/report/`: `python docs/make_report.py [--language en]`.

A simulated programme is worked through up to an autumn evening on which PCs have failed; then
people hold machines, get accounts and trainings, and say how far the other promises are. It is the
same report every time.
"""

import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from pathlib import Path

from sqlmodel import Session, col, select

from rollout import i18n, settings
from rollout.adapters.reports.exporting import Form, write_status_as
from rollout.adapters.simulated.configuration import configuration
from rollout.adapters.simulated.programme import SimulatedProgramme
from rollout.application.board import setting
from rollout.application.exports import status
from rollout.application.operators import Operator
from rollout.domain.account import AccountVerb, CloudService
from rollout.domain.machine import MachineState, MachineVerb
from rollout.domain.programme_board import MilestoneState
from rollout.domain.text import match_key
from rollout.settings import OperatorRole, Settings
from rollout.store import migrate, training, transitions
from rollout.store.database import Database
from rollout.store.tables import Account, Machine, Person, SignIn

REPORTS = Path(__file__).with_name("report")
MACHINES, SEED, FROM = 420, 2022, date(2022, 9, 5)
COURSE = "情報セキュリティ研修"
PROMISES = """
[training]
courses = ["情報セキュリティ研修"]
[report]
in_charge = "端末移行事務局"
answer_days = 2
[milestones.rules]
name = "運用ルールの全部局合意"
due = "R4.8.31"
owner = "スマート改革推進課"
[milestones.platform]
name = "データ活用基盤の構築"
due = "R5.3.31"
owner = "デジタル改革推進課"
[milestones.tools]
name = "コミュニケーション基盤の供用開始"
due = 2023-05-01
owner = "デジタル改革推進課"
[indicators.specialists]
name = "DX人材の育成"
unit = "人"
owner = "行政運営課"
targets = { "令和3年度" = 20, "令和4年度" = 20, "令和5年度" = 20 }
[indicators.trials]
name = "データ活用の実証"
unit = "件"
owner = "デジタル改革推進課"
targets = { "令和5年度" = 3, "令和6年度" = 3 }
"""
TANAKA = Operator("tanaka", OperatorRole.APPROVER)


def main() -> None:
    """Write the report in both forms with their stamps, and the first page of each as a picture."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--language", default="ja", choices=i18n.LANGUAGES)
    parser.add_argument("--out", type=Path, default=REPORTS)
    given = parser.parse_args()
    i18n.use_language(given.language)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        file = folder / "rollout.toml"
        text = configuration().replace("Simulated prefecture", "三重県 一人一台端末移行（模擬）")
        file.write_text(text + PROMISES, encoding="utf-8")
        os.environ["ROLLOUT_CONFIG"] = str(file)
        known = settings.load()
        database = Database(known.database_url, durable=False)
        migrate.upgrade(database)
        now = _worked_through(database, known, folder)
        _people_act(database, known, now)
        report = status.daily(database, known, now=now + timedelta(minutes=15))
        database.close()
    given.out.mkdir(exist_ok=True)
    book = write_status_as(given.out / "status.xlsx", report, Form.XLSX).path
    _draw(write_status_as(given.out / "status.pdf", report, Form.PDF).path, "status.png")
    _draw_sheets(book)


def _worked_through(database: Database, known: Settings, folder: Path) -> datetime:
    programme = SimulatedProgramme(database, known, seed=SEED)
    programme.prepare(folder / "ledger.csv", MACHINES)
    for day in programme.days():
        if day.day >= FROM and day.report.standing[status.Standing.FAILED]:
            break
    programme.close()
    return programme.clock.now()


def _people_act(database: Database, known: Settings, now: datetime) -> None:
    chance = random.Random(SEED)  # noqa: S311  (the same every time)
    with database.write() as session:
        _hold(session, now)
        people = session.exec(select(Person).order_by(col(Person.id))).all()
        _give_accounts(session, people, chance, now - timedelta(days=2))
        _train(session, people, chance)
    say = (database, known)
    underway = MilestoneState.UNDER_WAY
    setting.set_milestone(*say, "platform", underway, TANAKA, now, "基本設計を完了")
    setting.set_milestone(*say, "rules", underway, TANAKA, now, "3部局が未回答")
    setting.set_indicator(*say, "specialists", 2021, 17, TANAKA, now, "年度末の集計")
    setting.set_indicator(*say, "specialists", 2022, 12, TANAKA, now, "上期の集計")


def _hold(session: Session, now: datetime) -> None:
    ready = session.exec(
        select(Machine.id)
        .where(Machine.state == MachineState.PLANNED.value)
        .order_by(col(Machine.planned_day), col(Machine.asset_tag))
    ).all()
    for number, (place, days, actor, reason) in enumerate(
        (
            (3, 12, "matsumoto", "議会対応のため会期終了まで移行不可"),
            (9, 5, "matsumoto", "業務システムの動作確認待ち"),
            (14, 3, "tanaka", "使用者が育児休業中。復帰後に日程を再調整"),
        )
    ):
        id_ = ready[place] or 0
        at = now - timedelta(days=6 - 2 * number)
        until = now.date() + timedelta(days=days)
        detail = {"until": until.isoformat()}
        transitions.apply(
            session, Machine, [id_], MachineVerb.HOLD, actor=actor, at=at, reason=reason,
            detail=detail,
        )  # fmt: skip
        session.get_one(Machine, id_).hold_until = until


def _give_accounts(
    session: Session, people: Sequence[Person], chance: random.Random, at: datetime
) -> None:
    shares = {
        CloudService.IDENTITY: 0.97,
        CloudService.LICENCE: 0.93,
        CloudService.MAILBOX: 0.81,
        CloudService.GROUPWARE: 0.8,
        CloudService.CHAT: 0.62,
    }
    for service, share in shares.items():
        rows = [
            Account(key=f"{person.staff_number} {service.value}", person_id=person.id or 0,
                    service=service.value, state_since=at)
            for person in people
        ]  # fmt: skip
        session.add_all(rows)
        session.flush()
        ids = [row.id or 0 for row in rows]
        ready = [id_ for id_ in ids if chance.random() < share]
        blocked = [id_ for id_ in ids if id_ not in set(ready)][:3]
        transitions.apply(session, Account, ids, AccountVerb.REQUEST, actor="daemon", at=at)
        transitions.apply(session, Account, ready, AccountVerb.CONFIRM, actor="daemon", at=at)
        transitions.apply(session, Account, blocked, AccountVerb.BLOCK, actor="daemon", at=at,
                          reason="ライセンスの残りなし")  # fmt: skip
    session.add_all(
        SignIn(person_id=person.id or 0, registered=chance.random() < 0.7, read_at=at)
        for person in people
    )


def _train(session: Session, people: Sequence[Person], chance: random.Random) -> None:
    training.add(
        session,
        [
            {"person_id": person.id, "course": COURSE, "course_key": match_key(COURSE),
             "taken_on": date(2022, 7, 4), "score": None, "passed": True}
            for person in people
            if chance.random() < 0.88
        ],
    )  # fmt: skip


def _draw(pages: Path, name: str, folder: Path | None = None) -> None:
    import pypdfium2

    document = pypdfium2.PdfDocument(pages)
    picture = document[0].render(scale=1.6).to_pil()
    picture.save((folder or pages.parent) / name, optimize=True)
    document.close()


def _draw_sheets(book: Path) -> None:
    """As LibreOffice prints the first sheet. It is no part of the product: without it the picture
    that is there stays."""
    office = shutil.which("soffice")
    if office is None:
        sys.stderr.write("docs: no soffice, so the picture of the sheets stays as it is\n")
        return
    with tempfile.TemporaryDirectory() as name:
        command = [office, f"-env:UserInstallation=file://{name}/profile", "--headless",
                   "--convert-to", "pdf", "--outdir", name, str(book)]  # fmt: skip
        subprocess.run(command, check=True, capture_output=True)
        _draw(Path(name) / f"{book.stem}.pdf", f"{book.stem}-sheets.png", book.parent)


if __name__ == "__main__":
    main()
