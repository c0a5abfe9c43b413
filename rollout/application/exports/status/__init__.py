"""`export status`: the daily progress report.

Each part of the report is a dataclass that is made in a file of its own, here; how it is laid out
on a sheet or a page is the business of `adapters/reports`. `summary` alone is cheap.
"""

from rollout.application.exports.status.daily import DailyReport, daily, daily_at
from rollout.application.exports.status.document import document
from rollout.application.exports.status.summary import Standing, StatusReport, standings, status
from rollout.application.exports.status.table import table

__all__ = [
    "DailyReport",
    "Standing",
    "StatusReport",
    "daily",
    "daily_at",
    "document",
    "standings",
    "status",
    "table",
]
