"""`rollout demo --fast`: a whole programme in simulated time."""

import os
import shutil
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from rollout.cli import demo_look
from rollout.cli.output import progress_bar, say
from rollout.domain.errors import RolloutError
from rollout.i18n import _

if TYPE_CHECKING:
    from rollout.adapters.simulated.programme import DayStatus, SimulatedProgramme
    from rollout.settings import Settings
    from rollout.store.database import Database

MARK = ".rollout-demo"
"""A folder with this file was made by an earlier demo and may be replaced."""

WIDTH = 24
"""Columns of the bar beside each day."""


@dataclass(frozen=True)
class FastDemo:
    """What is simulated, and where it is kept; `report` is a page of Markdown, if one is wanted,
    and `until` the evening on which to stop, if not at the end."""

    out: Path
    machines: int
    seed: int
    report: Path | None = None
    until: date | None = None

    @property
    def folder(self) -> Path:
        """The workspace: configuration, ledger and database."""
        return self.out / "demo-fast"


def run(wanted: FastDemo) -> None:
    """Work through the programme, show every day, and write the exports."""
    from rollout import settings
    from rollout.adapters.simulated.configuration import configuration
    from rollout.adapters.simulated.programme import SimulatedProgramme
    from rollout.store import migrate
    from rollout.store.database import Database

    _make_workspace(wanted.folder)
    path = wanted.folder / "rollout.toml"
    path.write_text(configuration(), encoding="utf-8")
    os.environ["ROLLOUT_CONFIG"] = str(path)
    known = settings.load()
    # Everything in here can be made again: no need to wait for the disk.
    database = Database(known.database_url, durable=False)
    try:
        migrate.upgrade(database)
        programme = SimulatedProgramme(database, known, seed=wanted.seed)
        days = _work(programme, wanted, known)
        programme.close()
        _finish(wanted, database, known, days)
    finally:
        database.close()


def _make_workspace(folder: Path) -> None:
    if folder.exists():
        if not (folder / MARK).exists():
            raise RolloutError(
                _("{folder} is not of an earlier demo: move it away, or give another --out").format(
                    folder=folder
                )
            )
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    (folder / MARK).touch()


def _work(
    programme: "SimulatedProgramme", wanted: FastDemo, known: "Settings"
) -> list["DayStatus"]:
    say(
        _(
            "{machines} {machines:PC|PCs}, from {start} until the cutover on {cutover}, in "
            "simulated time"
        ).format(
            machines=f"{wanted.machines:,}",
            start=known.programme.start.isoformat(),
            cutover=known.programme.cutover.isoformat(),
        )
    )
    summary = programme.prepare(wanted.folder / "ledger.csv", wanted.machines)
    say(
        _(
            "ledger imported, plan in force: {waves} {waves:wave|waves} from {first} to {last}"
        ).format(waves=summary.waves, first=summary.first_day, last=summary.last_day)
    )
    say("")
    days: list[DayStatus] = []
    with progress_bar(_("machines done"), wanted.machines) as bar:
        for status in programme.days():
            days.append(status)
            say(_line(status))
            bar(status.done, wanted.machines)
            if wanted.until is not None and status.day >= wanted.until:
                break
    return days


def _line(status: "DayStatus") -> str:
    """One day for a reader: the bar, the numbers, and what needs a person."""
    from rollout.adapters.simulated.report import news
    from rollout.application.exports.status import Standing
    from rollout.i18n.labels import label

    total = status.report.total
    bar = ("█" * (WIDTH * status.done // max(total, 1))).ljust(WIDTH, "·")
    words = [
        f"{label(word)} {status.report.standing[word]}"
        for word in (Standing.FAILED, Standing.SILENT, Standing.UNKNOWN, Standing.HELD)
        if status.report.standing[word]
    ]
    told = news(status)
    if told:
        words.append(_("waves: {news}").format(news=told))
    numbers = _("{done} of {total}, {today} today").format(
        done=f"{status.done:>5}", total=total, today=f"{status.finished:>3}"
    )
    return f"{status.day.isoformat()} {bar} {numbers}  {'  '.join(words)}".rstrip()


def _finish(
    wanted: FastDemo, database: "Database", known: "Settings", days: list["DayStatus"]
) -> None:
    from rollout.adapters import export_files
    from rollout.adapters.reports import exporting
    from rollout.adapters.simulated import report as pages
    from rollout.adapters.simulated.ledger import SITES
    from rollout.adapters.simulated.staff import PLANNER
    from rollout.application import waves
    from rollout.application.exports import machines as machine_list
    from rollout.application.exports import status as export_status
    from rollout.store import history

    last = days[-1]
    say("")
    say(
        _("{done} of {total} done on {day}, {left} {left:day|days} before the cutover").format(
            done=last.done,
            total=last.report.total,
            day=last.day.isoformat(),
            left=(known.programme.cutover - last.day).days,
        )
    )
    with database.read() as session:
        verdict = history.verify(session)
    if not verdict.holds:
        raise RolloutError(_("the history does not hold: {why}").format(why=verdict.why))
    say(_("the history holds: {rows} {rows:fact|facts}").format(rows=f"{verdict.rows:,}"))
    status = export_status.daily(database, known, now=last.report.as_of)
    export_files.write_csv(wanted.out / "days.csv", pages.table(days))
    exporting.write_status(wanted.out, status)
    with machine_list.open_machines(database, known, now=last.report.as_of) as source:
        exporting.write(wanted.out / "machines.csv", source, exporting.Form.CSV)
    if wanted.report is not None:
        told = pages.Told(
            wanted.machines,
            len(SITES),
            len(waves.listing(database)),
            wanted.seed,
            f"rollout demo --fast --machines {wanted.machines} --seed {wanted.seed} "
            f"--report {wanted.report.name}",
        )
        pages.write_markdown(wanted.report, told, days)
        say(_("the page is {path}").format(path=wanted.report))
    say(_("The exports are in {folder}.").format(folder=wanted.out))
    demo_look.leave(wanted.folder, last.report.as_of, PLANNER.name)
