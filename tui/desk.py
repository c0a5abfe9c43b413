"""What every screen works with."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from rollout.application.operators import NotPermitted, Operator
from rollout.application.ports import Clock
from rollout.application.run_output import OutputReader
from rollout.settings import OperatorRole, Settings
from tui.exporting import TableWriter

if TYPE_CHECKING:
    from rollout.store.database import Database


@dataclass(frozen=True)
class Desk:
    """The operator's place: who sits there, at which programme, at what time."""

    settings: Settings
    database: "Database"
    clock: Clock
    operator: Operator
    export_status: Callable[[Path], list[Path]]
    write_table: TableWriter
    read_output: OutputReader

    def may(self, role: OperatorRole) -> bool:
        """Whether the operator has at least this role."""
        try:
            self.operator.must_be(role)
        except NotPermitted:
            return False
        return True

    def now(self) -> datetime:
        """The programme's clock."""
        return self.clock.now()

    def local(self, moment: datetime | None, form: str = "%m-%d %H:%M") -> str:
        """A moment in the programme's time zone; empty when there is none."""
        if moment is None:
            return ""
        return moment.astimezone(self.settings.programme.zone).strftime(form)
