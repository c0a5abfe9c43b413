"""Findings of a check: for people and for programs."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rollout.cli.output import print_json, print_table
from rollout.domain.errors import RolloutError
from rollout.i18n import _

if TYPE_CHECKING:
    from rollout.application.doctor import Finding


def show_findings(findings: "Sequence[Finding]", *, as_json: bool) -> None:
    """Show them all. Raises RolloutError when one is a problem."""
    from rollout.application.doctor import Level

    if as_json:
        print_json(
            [
                {
                    "check": found.key,
                    "level": found.level.value,
                    "ok": found.level is Level.OK,
                    "found": found.found,
                    "remedy": found.remedy,
                }
                for found in findings
            ]
        )
    else:
        _print(findings)
    problems = sum(found.level is Level.PROBLEM for found in findings)
    if problems:
        raise RolloutError(
            _("one problem: see the remedy above")
            if problems == 1
            else _("{problems} {problems:problem|problems}: see the remedies above").format(
                problems=problems
            )
        )


def _print(findings: "Sequence[Finding]") -> None:
    from rollout.application.doctor import Level
    from rollout.i18n.labels import label

    marks = {Level.OK: "✓", Level.WARNING: "!", Level.PROBLEM: "✗"}
    print_table(
        [_("check"), _("result"), _("found"), _("remedy")],
        [
            [found.check, f"{marks[found.level]} {label(found.level)}", found.found, found.remedy]
            for found in findings
        ],
    )
