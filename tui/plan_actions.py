"""What an operator can ask of the plan, and what they are told before."""

from collections.abc import Sequence
from datetime import date

from rollout.application.planning import checking, effect, into_wave, moving, plans
from rollout.application.planning.days import weekday_names
from rollout.application.planning.moving import Verdict
from rollout.application.planning.words import checker_lines, relaxation, without_a_place
from rollout.i18n import _
from rollout.i18n.labels import label
from tui.desk import Desk
from tui.outlooks import compared_lines
from tui.screens.confirm import MANY, Question

SHOWN = 5
"""Broken rules that are spelt out before the rest is counted."""


def day_words(day: date) -> str:
    """A day with its name."""
    return f"{day} ({weekday_names()[day.weekday()]})"


def move_question(desk: Desk, tags: Sequence[str], what: str, to_day: date) -> Question:
    """What the checker says of it, looked up now. Raises PlanRefused."""
    verdict = moving.judge(desk.database, desk.settings, tags, to_day, now=desk.now())
    lines = [
        _("{what} ({count} {count:machine|machines}) to {day}, wave {waves}").format(
            what=what,
            count=len(tags),
            day=day_words(to_day),
            waves=", ".join(map(str, verdict.waves)) or "–",
        ),
        *_what_comes(desk, verdict),
    ]
    return Question(
        title=_("Move to {day}").format(day=day_words(to_day)),
        lines=lines,
        yes=_("propose"),
        reason=True,
        number=len(tags) if verdict.broken else None,
    )


def _what_comes(desk: Desk, verdict: Verdict) -> list[str]:
    outlook = effect.of_move(desk.database, desk.settings, verdict.places, now=desk.now())
    lines = [
        *checker_lines(verdict.broken, verdict.before, SHOWN),
        *compared_lines(outlook, _("now"), _("moved")),
    ]
    if verdict.announced:
        lines.append(
            _(
                "! {count:The owner|The owners} of {count} {count:was|were} told of another day."
            ).format(count=verdict.announced)
        )
    return [*lines, _("It becomes a proposal: nothing is in force before its commit.")]


def which_wave(tags: Sequence[str]) -> Question:
    """Asks for the wave that the machines are to join; its number comes as the answer's reason."""
    return Question(
        title=_("{count} {count:machine|machines}: move to a wave").format(count=len(tags)),
        lines=[named(tags), _("Next comes what the checker says of it.")],
        yes=_("look"),
        reason=True,
        asks=_("number of the wave"),
    )


def named(tags: Sequence[str]) -> str:
    """The first of them."""
    return ", ".join(tags[:8]) + (" …" if len(tags) > 8 else "")


def wave_number(words: str) -> int:
    """What was typed. Raises PlanRefused."""
    if not words.isdecimal():
        raise plans.PlanRefused(
            _("{words} is no number of a wave: see the room of waves (2)").format(words=words)
        )
    return int(words)


def into_wave_question(desk: Desk, tags: Sequence[str], words: str) -> Question:
    """What the checker says of it, looked up now. Raises PlanRefused."""
    number = wave_number(words)
    verdict = into_wave.judge(desk.database, desk.settings, tags, number, now=desk.now())
    days = [day_words(day) for day in verdict.days]
    return Question(
        title=_("{count} {count:machine|machines}: move to wave {wave}").format(
            count=len(tags), wave=number
        ),
        lines=[
            named(tags),
            _("on {days}").format(days=", ".join(days)) if days else _("back to the days in force"),
            *_what_comes(desk, verdict),
        ],
        yes=_("propose"),
        reason=True,
        number=len(tags) if verdict.broken or len(tags) > MANY else None,
    )


def move_into_wave(desk: Desk, tags: Sequence[str], words: str, reason: str) -> str:
    """Propose it; what to tell the operator. Raises RolloutError."""
    number = wave_number(words)
    into_wave.move(
        desk.database,
        desk.settings,
        tags,
        number,
        operator=desk.operator,
        reason=reason,
        now=desk.now(),
    )
    return _(
        "{count} {count:machine is|machines are} proposed for wave {wave}: commit it in "
        "the plan (0)"
    ).format(count=len(tags), wave=number)


def move(desk: Desk, tags: Sequence[str], to_day: date, reason: str) -> str:
    """Propose it; what to tell the operator. Raises RolloutError."""
    done: Verdict = moving.move(
        desk.database,
        desk.settings,
        tags,
        to_day,
        operator=desk.operator,
        reason=reason,
        now=desk.now(),
    )
    return _("{count} {count:machine is|machines are} proposed for {day}").format(
        count=len(done.tags), day=day_words(to_day)
    )


def commit_question(desk: Desk) -> Question:
    """What the proposal changes, and what the checker says of all of it. Raises PlanRefused."""
    difference = checking.diff(desk.database)
    checked = checking.check(desk.database, desk.settings, now=desk.now())
    moves = difference.moves
    lines = [
        _(
            "{new} {new:machine gets its|machines get their} first day, {moved} another one, "
            "{kept} {kept:keeps its own|keep theirs}."
        ).format(new=difference.new, moved=len(moves), kept=difference.kept),
        *(
            f"  {change.asset_tag}  {change.from_day} → {change.to_day or '–'}  "
            + (label(change.why) if change.why else "")
            for change in moves[:SHOWN]
        ),
        *checker_lines(checked.violations, 0, SHOWN),
    ]
    if difference.announced_moved:
        lines.append(
            _(
                "! {count:The owner|The owners} of {count} {count:was|were} told of another day."
            ).format(count=difference.announced_moved)
        )
    outlook = effect.of_proposal(desk.database, desk.settings, now=desk.now())
    if outlook is not None:
        lines += compared_lines(outlook, _("in force"), _("with the proposal"))
    changes = len(difference.changes)
    return Question(
        title=_("Put the proposal into force"),
        lines=lines,
        yes=_("commit"),
        number=changes if checked.violations or changes > MANY else None,
    )


def commit(desk: Desk) -> str:
    """Do it; what to tell the operator. Raises RolloutError."""
    done = plans.commit(desk.database, operator=desk.operator, now=desk.now())
    return _("in force: {placed} {placed:day|days} in {waves} {waves:wave|waves}").format(
        placed=done.placed, waves=done.waves
    )


def solve_question() -> Question:
    """What the planner does."""
    return Question(
        title=_("Plan anew"),
        lines=[
            _("Machines without a day get one; days in force stay where the rules allow it."),
            _("What is proposed now is discarded. Nothing is in force before the commit."),
        ],
        yes=_("plan"),
    )


def solve(desk: Desk) -> str:
    """Do it; what to tell the operator. Raises RolloutError."""
    made = plans.solve(desk.database, desk.settings, operator=desk.operator, now=desk.now())
    said = [
        _(
            "proposed: {placed} {placed:day|days}, {moved} of them changed, {left} "
            "{left:machine|machines} without"
        ).format(placed=made.placed, moved=made.moved, left=sum(made.unplaced.values()))
    ]
    said += [without_a_place(obstacle, number) for obstacle, number in made.unplaced.items()]
    said += [relaxation(entry) for entry in made.relaxations[:SHOWN]]
    return "\n".join(said)


def discard_question() -> Question:
    """What is lost."""
    return Question(
        title=_("Discard the proposal"),
        lines=[_("The days in force stay as they are.")],
        yes=_("discard"),
    )


def discard(desk: Desk) -> str:
    """Do it; what to tell the operator. Raises RolloutError."""
    moving.discard(desk.database, operator=desk.operator)
    return _("the proposal is discarded")
