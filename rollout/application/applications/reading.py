"""Rows of a list of applications, read: each cell once, and what is wrong with any of them told."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from rollout.application.applications.words import (
    Form,
    decision_of,
    form_of,
    kind_of,
    platform_in,
    platform_named,
)
from rollout.application.own_dates.cells import Cells
from rollout.application.takehome.decisions import Wish
from rollout.domain.identifiers import parse_asset_tag
from rollout.domain.personal_device import ApplicationKind, HeadDecision, Platform
from rollout.domain.text import ValueRefused, match_key, tidy
from rollout.domain.words import msgid
from rollout.store.applications import Someone

_FILL_IN = msgid("fill it in, or leave the row out")


@dataclass(frozen=True)
class Given:
    """What the command says for the whole file, where the file does not."""

    form: Form | None = None
    rules: str | None = None
    consented_on: date | None = None


@dataclass(frozen=True)
class ByodEntry:
    """One application for a private device; None where the row does not say it."""

    staff_number: str
    platform: Platform
    model: str
    purpose: str
    kind: ApplicationKind | None
    rules: str
    consented_on: date
    applied_on: date
    head: str | None
    head_decision: HeadDecision | None
    head_decided_on: date | None


Entry = ByodEntry | Wish


def read(cells: Cells, people: Mapping[str, Someone], given: Given, today: date) -> Entry | None:
    """The application of a row; None when it is bad, which is in the report then."""
    number = cells.person("staff_number", people)
    if number is None and cells.good:
        _missing(cells, "staff_number", msgid("the row names nobody"))
    name = tidy(cells.text("name"))
    if number and name and match_key(name) != match_key(people[number].name):
        cells.refuse(
            "name",
            ValueRefused(
                name,
                msgid("{value} is not the name that {number} has: {known}"),
                msgid("find out whose application it is, and correct number or name"),
                number=number,
                known=people[number].name,
            ),
        )
    form = cells.read("form", form_of) or given.form
    if form is None:
        if cells.good:
            _missing(cells, "form", msgid("the row does not say which form it is"))
        return None
    entry = _byod(cells, number, given, today) if form is Form.BYOD else _takeout(cells, number)
    return entry if cells.good else None


def _byod(cells: Cells, number: str | None, given: Given, today: date) -> ByodEntry | None:
    model = tidy(cells.text("model"))
    platform = cells.read("platform", platform_named) or platform_in(model)
    kind = cells.read("kind", kind_of)
    rules = tidy(cells.text("rules")) or given.rules or ""
    consented = cells.day("consented_on") or given.consented_on
    applied = cells.day("applied_on") or today
    decision = cells.read("head_decision", decision_of)
    decided = cells.day("head_decided_on")
    purpose, head = tidy(cells.text("purpose")), tidy(cells.text("head"))
    if cells.good:
        if platform is None:
            _missing(cells, "platform", msgid("the row does not say what the device runs"))
        for value, name, what in (
            (model, "model", msgid("the model is empty")),
            (purpose, "purpose", msgid("the purpose is empty")),
            (rules, "rules", msgid("the row names no version of the rules: or give --rules")),
            (consented, "consented_on", msgid("the day of consent is empty: or give --consented")),
        ):
            if not value:
                _missing(cells, name, what)
        if applied > today:
            cells.refuse(
                "applied_on",
                ValueRefused(
                    applied.isoformat(), msgid("{value} has not come yet"),
                    msgid("correct the day"),
                ),
            )  # fmt: skip
    if not cells.good or number is None or platform is None or consented is None:
        return None
    return ByodEntry(
        number, platform, model, purpose, kind, rules, consented, applied, head or None, decision,
        decided,
    )  # fmt: skip


def _takeout(cells: Cells, number: str | None) -> Wish | None:
    tag = cells.read("asset_tag", parse_asset_tag)
    period = cells.period("period", "first", "last")
    place, purpose = tidy(cells.text("place")), tidy(cells.text("purpose"))
    if cells.good:
        for value, name, what in (
            (tag, "asset_tag", msgid("the row names no PC")),
            (period, "first", msgid("the row has no period")),
            (place, "place", msgid("the place is empty")),
            (purpose, "purpose", msgid("the purpose is empty")),
        ):
            if not value:
                _missing(cells, name, what)
    if not cells.good or number is None or tag is None or period is None:
        return None
    return Wish(tag, number, period.first, period.last, place, purpose)


def _missing(cells: Cells, name: str, what: str) -> None:
    cells.refuse(name, ValueRefused("", what, _FILL_IN))
