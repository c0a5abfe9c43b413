"""Fiscal years for a reader."""

from rollout.domain.dates import format_era
from rollout.domain.periods import fiscal_period
from rollout.i18n import language


def fiscal_year(year: int) -> str:
    """令和5年度 to whoever reads Japanese, FY2023 to others."""
    if language() != "ja":
        return f"FY{year}"
    return format_era(fiscal_period(year).first).partition("年")[0] + "年度"
