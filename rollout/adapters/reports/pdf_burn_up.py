"""The burn-up drawn on a page: plan, actual, band, closed days, today and the cutover."""

from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from math import ceil

from reportlab.lib.colors import HexColor
from reportlab.platypus import Flowable

from rollout.adapters.reports.colours import ACTUAL, BAND, INK, LINE, MIDDLE, PLAN, SHADE
from rollout.adapters.reports.pdf_page import FONT, plain
from rollout.application.exports.status.burn_up import BurnUp, BurnUpDay
from rollout.i18n import _, language
from rollout.i18n.labels import headed

_LEFT, _BELOW, _ABOVE, _RIGHT = 34.0, 30.0, 16.0, 8.0
_RED = "#B91C1C"
_Place = Callable[[date, float], tuple[float, float]]
_Figure = Callable[[BurnUpDay], int | None]


class BurnUpPicture(Flowable):  # type: ignore[misc]
    """The picture; `why` stands in it where there is no forecast."""

    def __init__(self, burn_up: BurnUp, width: float, height: float, why: str) -> None:
        super().__init__()
        self.width, self.height = width, height
        self._burn_up, self._why = burn_up, why
        self._days = burn_up.days
        self._most = max(1, burn_up.total, *(day.planned for day in burn_up.days))
        self._first = self._days[0].day

    def wrap(self, width: float, height: float) -> tuple[float, float]:
        """What the picture needs."""
        return self.width, self.height

    def draw(self) -> None:
        """From the back to the front."""
        self._shade()
        self._axes()
        self._band()
        self._line(lambda day: day.planned, PLAN, 1.0, (4, 2))
        self._line(lambda day: day.middle, MIDDLE, 1.0, (1, 2))
        self._line(lambda day: day.done, ACTUAL, 2.0, ())
        self._mark(self._burn_up.today, _("today"), INK)
        self._mark(self._burn_up.cutover, _("cutover"), _RED)
        self._legend()
        if self._why:
            self.canv.setFillColor(HexColor(_RED))
            self.canv.setFont(FONT, 9)
            x, y = self._at(self._first, self._most * 0.92)
            self.canv.drawString(x + 6, y, plain(self._why))

    def _at(self, day: date, machines: float) -> tuple[float, float]:
        """The place of the end of `day`."""
        across = self.width - _LEFT - _RIGHT
        up = self.height - _BELOW - _ABOVE
        return (
            _LEFT + across * ((day - self._first).days + 1) / len(self._days),
            _BELOW + up * machines / self._most,
        )

    def _shade(self) -> None:
        canvas = self.canv
        canvas.setFillColor(HexColor(SHADE))
        for day in self._days:
            if day.off:
                right, top = self._at(day.day, self._most)
                left, bottom = self._at(day.day - timedelta(days=1), 0)
                canvas.rect(left, bottom, right - left, top - bottom, stroke=0, fill=1)

    def _axes(self) -> None:
        canvas = self.canv
        canvas.setFont(FONT, 7)
        canvas.setFillColor(HexColor(INK))
        canvas.setStrokeColor(HexColor(LINE))
        canvas.setLineWidth(0.4)
        right, _y = self._at(self._days[-1].day, 0)
        for machines in _ticks(self._most):
            _x, y = self._at(self._first, machines)
            canvas.line(_LEFT, y, right, y)
            canvas.drawRightString(_LEFT - 4, y - 2.5, f"{machines:,}")
        for day in self._days:
            if day.day.day == 1:
                x, y = self._at(day.day - timedelta(days=1), 0)
                canvas.line(x, y, x, y - 3)
                canvas.drawString(x + 2, y - 9, _month(day.day))

    def _band(self) -> None:
        ahead = [day for day in self._days if day.low is not None and day.high is not None]
        if len(ahead) < 2:
            return
        edge = [self._at(day.day, day.high or 0) for day in ahead]
        edge += [self._at(day.day, day.low or 0) for day in reversed(ahead)]
        path = self.canv.beginPath()
        path.moveTo(*edge[0])
        for place in edge[1:]:
            path.lineTo(*place)
        path.close()
        self.canv.setFillColor(HexColor(BAND))
        self.canv.drawPath(path, stroke=0, fill=1)

    def _line(self, figure: _Figure, colour: str, width: float, dash: Sequence[int]) -> None:
        places = [
            self._at(day.day, number)
            for day in self._days
            for number in [figure(day)]
            if number is not None
        ]
        if not places:
            return
        canvas = self.canv
        canvas.setStrokeColor(HexColor(colour))
        canvas.setLineWidth(width)
        canvas.setDash(*([list(dash), 0] if dash else [[], 0]))
        path = canvas.beginPath()
        path.moveTo(*places[0])
        for place in places[1:]:
            path.lineTo(*place)
        canvas.drawPath(path)
        canvas.setDash([], 0)

    def _mark(self, day: date, text: str, colour: str) -> None:
        if not self._first <= day <= self._days[-1].day:
            return
        x, bottom = self._at(day, 0)
        _x, top = self._at(day, self._most)
        canvas = self.canv
        canvas.setStrokeColor(HexColor(colour))
        canvas.setFillColor(HexColor(colour))
        canvas.setLineWidth(0.8)
        canvas.line(x, bottom, x, top + 3)
        canvas.setFont(FONT, 7)
        told = f"{text} {_day(day)}"
        half = canvas.stringWidth(told, FONT, 7) / 2
        # The last day of the picture is at its edge, and so may be the first.
        canvas.drawCentredString(min(max(x, half), self.width - half), top + 5, told)

    def _legend(self) -> None:
        canvas, x, y = self.canv, _LEFT, 6.0
        canvas.setFont(FONT, 7)
        for text, colour, is_area in self._entries():
            canvas.setFillColor(HexColor(colour))
            canvas.setStrokeColor(HexColor(colour))
            canvas.setLineWidth(2)
            if is_area:
                canvas.rect(x, y - 1, 14, 7, stroke=0, fill=1)
            else:
                canvas.line(x, y + 2.5, x + 14, y + 2.5)
            canvas.setFillColor(HexColor(INK))
            canvas.drawString(x + 18, y, text)
            x += 30 + canvas.stringWidth(text, FONT, 7)

    def _entries(self) -> Iterator[tuple[str, str, bool]]:
        yield _("Planned"), PLAN, False
        yield _("Done"), ACTUAL, False
        if self._burn_up.forecast.outlook is not None:
            yield _("Forecast, middle"), MIDDLE, False
            yield headed(_("forecast band")), BAND, True
        yield headed(_("closed days")), SHADE, True


def _ticks(most: int) -> Iterator[int]:
    """Round numbers, about six of them."""
    rough = most / 6
    size = 10 ** max(0, len(str(int(rough))) - 1)
    step = max(1, ceil(rough / size) * size)
    return iter(range(0, most + 1, step))


def _day(day: date) -> str:
    return f"{day.month}/{day.day}" if language() == "ja" else f"{day.day} {day:%b}"


def _month(day: date) -> str:
    if language() == "ja":
        return f"{day.month}月"
    return f"{day:%b}"
