"""A4 landscape pages with an embedded Japanese font, numbered, dated by the report.

The same report gives the same bytes: nothing of the clock or of chance goes into the file.
"""

from datetime import UTC, datetime
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from reportlab.lib.pagesizes import A4, landscape
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Frame

from rollout.application.exports.failed import ExportFailed
from rollout.domain.text import printable
from rollout.i18n import _, language

FONT = "IPAexGothic"
PAGE = landscape(A4)
MARGIN = 12 * mm
WIDTH = PAGE[0] - 2 * MARGIN
"""What a page holds beside its margins."""
FOOT = MARGIN + 4 * mm
HEIGHT = PAGE[1] - MARGIN - FOOT
"""What a page holds above its foot."""
INK, FAINT = "#1F2933", "#6B7280"
_GETA, _CUT = "〓", "…"
_LINES = 24


@cache
def font() -> TTFont:
    """The font that the wheel `matplotlib-fontja` ships, known to the library from now on.

    Raises ExportFailed when the wheel is not there.
    """
    # The package itself is never imported: it would pull in matplotlib.
    found = find_spec("matplotlib_fontja")
    folders = found.submodule_search_locations if found else None
    file = Path((folders or [""])[0]) / "fonts" / "ipaexg.ttf"
    if not file.is_file():
        raise ExportFailed(
            _("the font of the PDF is missing: install the package matplotlib-fontja")
        )
    made = TTFont(FONT, str(file))
    pdfmetrics.registerFont(made)
    return made


def plain(text: str) -> str:
    """`text` as the font can show it: without control characters, 〓 for what it does not have."""
    known = font().face.charToGlyph
    return "".join(one if one.isspace() or ord(one) in known else _GETA for one in printable(text))


def short(text: str, width: float, size: float) -> str:
    """What of `text` a cell shows, with a mark where it ends: a row must be lower than a page, or
    there would be no paper at all."""
    # As if every character were of full width.
    most, whole = _LINES * max(1, int(width / size)), printable(text)
    return whole if len(whole) <= most else whole[: most - 1] + _CUT


def markup(text: str) -> str:
    """`text` for a paragraph, whose own markup it can never become."""
    escaped = plain(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return escaped.replace("\n", "<br/>")


def wrapping(text: str) -> str:
    """Where a paragraph breaks its lines: Japanese between any two characters, else words stay
    whole unless one is longer than the line."""
    return "CJK" if language() == "ja" and not text.isascii() else ""


def frame() -> Frame:
    """The whole page but its margins, the foot's included."""
    air = dict.fromkeys(("leftPadding", "rightPadding", "topPadding", "bottomPadding"), 0)
    return Frame(MARGIN, FOOT, WIDTH, HEIGHT, **air)


class _Moment:
    """What the library asks of a time stamp, of the report's own moment."""

    def __init__(self, moment: datetime) -> None:
        utc = moment.astimezone(UTC)
        self.t = utc.timestamp()
        self.lt = utc.timetuple()
        self.YMDhms = tuple(self.lt)[:6]
        self.dhh = self.dmm = 0
        self.tzname = "UTC"
        self.datetime = utc


class Pages(Canvas):  # type: ignore[misc]
    """A canvas that knows how many pages there are when it writes their feet."""

    def __init__(self, *args: Any, moment: datetime, left: str, right: str, **options: Any) -> None:
        options |= {"pageCompression": 1, "invariant": 1}
        super().__init__(*args, **options)
        self._doc._timeStamp = _Moment(moment)
        self._feet = (left, right)
        self._kept: list[dict[str, Any]] = []

    def showPage(self) -> None:
        """Keep the page until all are there."""
        self._kept.append(dict(self.__dict__))
        self._startPage()

    def save(self) -> None:
        """Write the pages with their feet."""
        for number, page in enumerate(self._kept, start=1):
            self.__dict__.update(page)
            self._foot(number)
            super().showPage()
        super().save()

    def _foot(self, number: int) -> None:
        left, right = self._feet
        self.setFont(FONT, 8)
        self.setFillColor(FAINT)
        height = 7 * mm
        self.drawString(MARGIN, height, plain(left))
        self.drawCentredString(PAGE[0] / 2, height, f"{number} / {len(self._kept)}")
        self.drawRightString(PAGE[0] - MARGIN, height, plain(right))
