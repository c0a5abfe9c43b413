"""Mails of notices: templates in a sandbox, and the entry for the calendar."""

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rollout.application.notices.mail import Attachment, Mail
from rollout.application.notices.particulars import Particulars, Untrained
from rollout.application.notices.sending import TemplateBroken
from rollout.domain.notice import ABOUT_THE_DAY, NoticeKind
from rollout.domain.personal_device import Platform
from rollout.i18n import _
from rollout.i18n.system_errors import why
from rollout.settings import Settings
from rollout.store.notices import Letter

if TYPE_CHECKING:
    from jinja2 import Environment

SHIPPED = Path(__file__).with_name("templates")
_METHODS = {**dict.fromkeys(ABOUT_THE_DAY, "REQUEST"), NoticeKind.CANCELLED: "CANCEL"}
"""What the entry for the calendar asks for; other kinds bring none."""
_LANGUAGES = ("ja", "en")
_WEEKDAYS = "月火水木金土日"


class TemplateWriter:
    """Writes mails in the configured language. Raises TemplateBroken for a template at fault."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def check(self) -> None:
        """Render every template once, for every platform where that matters."""
        self._must_be_known()
        day = self._settings.programme.start
        untrained = (Untrained("総務部 財政課", "000001", "山田", ("情報セキュリティ",)),)
        for kind in NoticeKind:
            for platform in Platform if kind is NoticeKind.BYOD_INVITATION else (Platform.IOS,):
                more = Particulars(untrained, platform, "iPhone")
                self._render(kind.value, _values(self._settings, "DK20-000001", "山田", day, more))

    def _must_be_known(self) -> None:
        """A file whose name is misspelt would be passed over without a word."""
        folder = self._settings.notices.templates
        if folder is None:
            return
        known = {f"{kind}.{language}.txt" for kind in NoticeKind for language in _LANGUAGES}
        try:
            found = sorted(file.name for file in folder.iterdir() if file.suffix == ".txt")
        except OSError as fault:
            raise TemplateBroken(
                _("{folder} cannot be read: {why}. Correct [notices] templates").format(
                    folder=folder, why=why(fault)
                )
            ) from None
        for name in found:
            if name not in known:
                raise TemplateBroken(
                    _(
                        "{file} is no template: name it KIND.ja.txt or KIND.en.txt, of {kinds}"
                    ).format(file=folder / name, kinds=", ".join(NoticeKind))
                )

    def mail(self, letter: Letter, more: Particulars, to: str, key: str, at: datetime) -> Mail:
        """See the port."""
        values = _values(self._settings, letter.asset_tag, letter.name, letter.day, more)
        subject, text = self._render(letter.kind, values)
        attached: tuple[Attachment, ...] = ()
        method = _METHODS.get(NoticeKind(letter.kind))
        if self._settings.notices.invitations and method is not None:
            content = entry(self._settings, letter, to, subject, at)
            media = f"text/calendar; method={method}; charset=utf-8"
            attached = (Attachment("invite.ics", media, content),)
        return Mail(key, (to,), subject, text, attachments=attached)

    def _render(self, kind: str, values: dict[str, Any]) -> tuple[str, str]:
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
    return SandboxedEnvironment(
        undefined=StrictUndefined, autoescape=False, trim_blocks=True, lstrip_blocks=True
    )


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


def _values(
    settings: Settings, asset_tag: str, name: str, day: date, more: Particulars
) -> dict[str, Any]:
    """What a template may use; names are told in one line, since they come from lists of others."""
    return {
        "asset_tag": asset_tag,
        "name": _line(name),
        "day": day.isoformat(),
        "day_text": _day_text(settings, day),
        "cutover_text": _day_text(settings, settings.programme.cutover),
        "slot": settings.notices.slot,
        "contact": settings.notices.contact,
        "programme": settings.programme.name,
        "platform": more.platform.value if more.platform else "",
        "model": _line(more.model),
        "untrained": [
            {
                "office": _line(one.office),
                "staff_number": one.staff_number,
                "name": _line(one.name),
                "courses": [_line(course) for course in one.courses],
            }
            for one in more.untrained
        ],
    }


def _line(text: str) -> str:
    return " ".join(text.split())


def _day_text(settings: Settings, day: date) -> str:
    if settings.notices.language == "ja":
        return f"{day.month}月{day.day}日({_WEEKDAYS[day.weekday()]})"
    return f"{day:%a} {day}"


def entry(settings: Settings, letter: Letter, to: str, subject: str, at: datetime) -> bytes:
    """The calendar file of a machine's day.

    A machine's entry keeps its UID; a later notice has a higher number and so replaces it, or
    takes it out.
    """
    from icalendar import Calendar, Event, vCalAddress

    from rollout.domain.windows import Hours

    method = _METHODS[NoticeKind(letter.kind)]
    hours, zone = Hours.parse(settings.notices.slot), settings.programme.zone
    midnight = datetime.combine(letter.day, datetime.min.time())
    event = Event()
    event.add("uid", f"{letter.asset_tag}.slot@{settings.notices.sender.partition('@')[2]}")
    event.add("sequence", letter.id)
    event.add("dtstamp", at)
    event.add("dtstart", (midnight + timedelta(minutes=hours.start)).replace(tzinfo=zone))
    event.add("dtend", (midnight + timedelta(minutes=hours.until)).replace(tzinfo=zone))
    event.add("summary", subject)
    if method == "CANCEL":
        event.add("status", "CANCELLED")
    event.add("organizer", vCalAddress(f"mailto:{settings.notices.sender}"))
    event.add("attendee", vCalAddress(f"mailto:{to}"))
    calendar = Calendar()
    calendar.add("prodid", "-//rollout//notices//")
    calendar.add("version", "2.0")
    calendar.add("method", method)
    calendar.add_component(event)
    calendar.add_missing_timezones()
    return bytes(calendar.to_ical())
