"""Mails of notices: templates in a sandbox, and the entry for the calendar."""

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from rollout.application.notices.mail import Attachment, Mail
from rollout.domain.errors import RolloutError
from rollout.domain.notice import NoticeKind
from rollout.i18n import _
from rollout.settings import Settings
from rollout.store.notices import Letter

if TYPE_CHECKING:
    from jinja2 import Environment

SHIPPED = Path(__file__).with_name("templates")
KINDS = (NoticeKind.DAYS_BEFORE, NoticeKind.DAY_BEFORE, NoticeKind.NEW_DATE)
"""Kinds that have a template."""
_WITH_ENTRY = (NoticeKind.DAYS_BEFORE.value, NoticeKind.NEW_DATE.value)
_WEEKDAYS = "月火水木金土日"


class TemplateBroken(RolloutError):
    """A template cannot be used; the message names file, line and remedy."""


class TemplateWriter:
    """Writes mails in the configured language. Raises TemplateBroken for a template at fault."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def check(self) -> None:
        """Render every template once."""
        day = self._settings.programme.start
        for kind in KINDS:
            self._render(kind.value, _values(self._settings, "DK20-000001", "山田", day))

    def mail(self, letter: Letter, to: str, key: str, at: datetime) -> Mail:
        """See the port."""
        values = _values(self._settings, letter.asset_tag, letter.name, letter.day)
        subject, text = self._render(letter.kind, values)
        attached: tuple[Attachment, ...] = ()
        if self._settings.notices.invitations and letter.kind in _WITH_ENTRY:
            content = entry(self._settings, letter, to, subject, at)
            media = "text/calendar; method=REQUEST; charset=utf-8"
            attached = (Attachment("invite.ics", media, content),)
        return Mail(key, (to,), subject, text, attachments=attached)

    def _render(self, kind: str, values: dict[str, str]) -> tuple[str, str]:
        """Subject and text: the first line, and what comes after the empty one."""
        from jinja2 import TemplateError, TemplateSyntaxError

        file = self._file(kind)
        try:
            text = _environment().from_string(file.read_text(encoding="utf-8")).render(values)
        except TemplateSyntaxError as fault:
            raise _broken(file, fault.lineno, str(fault.message)) from None
        except TemplateError as fault:
            raise _broken(file, _line_of(fault), str(fault.message)) from None
        except (OSError, ValueError, TypeError, ArithmeticError) as fault:
            raise _broken(file, _line_of(fault), str(fault)) from None
        subject, _empty, body = text.partition("\n\n")
        if not subject.strip() or "\n" in subject or not body.strip():
            raise _broken(file, 1, _("the subject is one line, and an empty line follows it"))
        return subject, body

    def _file(self, kind: str) -> Path:
        name = f"{kind}.{self._settings.notices.language}.txt"
        own = self._settings.notices.templates
        return own / name if own is not None and (own / name).is_file() else SHIPPED / name


def _environment() -> "Environment":
    from jinja2 import StrictUndefined
    from jinja2.sandbox import SandboxedEnvironment

    # Mails are plain text: nothing in them is markup, so nothing is escaped.
    return SandboxedEnvironment(undefined=StrictUndefined, autoescape=False)


def _broken(file: Path, line: int, why: str) -> TemplateBroken:
    return TemplateBroken(
        _(
            "{file}, line {line}: {why}. Correct it, or remove the file to use the shipped one"
        ).format(file=file, line=line, why=why)
    )


def _line_of(fault: Exception) -> int:
    """The template's line: the last of the frames that the template made."""
    line, trace = 1, fault.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == "<template>":
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


def _values(settings: Settings, asset_tag: str, name: str, day: date) -> dict[str, str]:
    japanese = settings.notices.language == "ja"
    weekday = _WEEKDAYS[day.weekday()]
    return {
        "asset_tag": asset_tag,
        "name": " ".join(name.split()),
        "day": day.isoformat(),
        "day_text": f"{day.month}月{day.day}日({weekday})" if japanese else f"{day:%a} {day}",
        "slot": settings.notices.slot,
        "contact": settings.notices.contact,
        "programme": settings.programme.name,
    }


def entry(settings: Settings, letter: Letter, to: str, subject: str, at: datetime) -> bytes:
    """The calendar file of a machine's day.

    A machine's entry keeps its UID; a later notice has a higher number and so replaces it.
    """
    from icalendar import Calendar, Event, vCalAddress

    from rollout.domain.windows import Hours

    hours, zone = Hours.parse(settings.notices.slot), settings.programme.zone
    midnight = datetime.combine(letter.day, datetime.min.time())
    event = Event()
    event.add("uid", f"{letter.asset_tag}.slot@{settings.notices.sender.partition('@')[2]}")
    event.add("sequence", letter.id)
    event.add("dtstamp", at)
    event.add("dtstart", (midnight + timedelta(minutes=hours.start)).replace(tzinfo=zone))
    event.add("dtend", (midnight + timedelta(minutes=hours.until)).replace(tzinfo=zone))
    event.add("summary", subject)
    event.add("organizer", vCalAddress(f"mailto:{settings.notices.sender}"))
    event.add("attendee", vCalAddress(f"mailto:{to}"))
    calendar = Calendar()
    calendar.add("prodid", "-//rollout//notices//")
    calendar.add("version", "2.0")
    calendar.add("method", "REQUEST")
    calendar.add_component(event)
    calendar.add_missing_timezones()
    return bytes(calendar.to_ical())
