"""Do mails reach people, are PCs back in the office, does somebody remind of trainings?"""

from collections.abc import Iterator
from datetime import datetime

from rollout.application.choosing import today
from rollout.application.doctor.finding import Finding, judged
from rollout.application.notices.sending import TemplateBroken, Writer
from rollout.application.training.promoters import are_there, without_promoter
from rollout.i18n import _
from rollout.settings import Settings
from rollout.store import notices, takeouts
from rollout.store.database import Database


def examine(
    opened: Database, settings: Settings, now: datetime, writer: Writer | None = None
) -> Iterator[Finding]:
    """What is in the tables about people; `writer` None where no mail is sent."""
    day = today(settings, now)
    with opened.read() as session:
        counted = notices.counted(session)
        late = takeouts.listing(session, takeouts.Filter(overdue_on=day))
        unknown, offices = (
            without_promoter(session, settings, day) if are_there(session, settings) else ([], {})
        )
    if writer is not None:
        yield _templates(writer)
    if settings.notices.in_use or counted.stuck:
        yield judged(
            "notices",
            _("notices"),
            _("{planned} wait, {failed} were refused or came back").format(
                planned=counted.planned, failed=counted.failed
            ),
            warning="rollout notice list --needs-a-person; rollout notice retry"
            if counted.stuck
            else "",
        )
    if late:
        yield judged(
            "takeouts",
            _("PCs outside"),
            _("{count} should be back: {tags}").format(
                count=len(late), tags=_some([row.machine.asset_tag for row in late])
            ),
            warning="rollout takehome list --overdue",
        )
    if unknown or offices:
        yield judged(
            "promoters",
            _("promoters"),
            "; ".join(
                [
                    *([_("not in service: {numbers}").format(numbers=_some(unknown))]
                      if unknown else []),
                    *([_("nobody is told of: {offices}").format(offices=_some(list(offices)))]
                      if offices else []),
                ]
            ),
            warning=_("mark promoters in the people's list, or correct [training.promoters]"),
        )  # fmt: skip


def _templates(writer: Writer) -> Finding:
    try:
        writer.check()
    except TemplateBroken as broken:
        remedy = _("correct the template: until then no mail is sent")
        return judged("templates", _("templates of mails"), str(broken), problem=remedy)
    return judged("templates", _("templates of mails"), _("all"))


def _some(names: list[str], most: int = 5) -> str:
    more = len(names) - most
    shown = ", ".join(names[:most])
    return shown if more <= 0 else _("{names} and {count} more").format(names=shown, count=more)
