"""The plot of textual-plot, also on a terminal without colours."""

from textual.app import ComposeResult
from textual.containers import Grid
from textual.strip import Strip
from textual_hires_canvas import Canvas
from textual_plot import PlotWidget
from textual_plot.plot_widget import Legend


class StyledCanvas(Canvas):
    """A canvas whose lines have a style, too, while nothing was drawn yet.

    Textual's filter for `NO_COLOR` reads the colour of every segment and ends the program at one
    without a style; the library gives none to lines beyond those that it drew.
    """

    def render_line(self, y: int) -> Strip:
        """A line; blank when it was not drawn."""
        line = super().render_line(y)
        return line if line.cell_length else Strip.blank(self.size.width, self.rich_style)


class Plot(PlotWidget):
    """A plot on such canvases, in the library's own arrangement."""

    def compose(self) -> ComposeResult:
        """The margins and the plot among them."""
        with Grid():
            for part in ("margin-top", "margin-left", "plot", "margin-bottom"):
                yield StyledCanvas(1, 1, id=part)
        yield Legend(id="legend")
