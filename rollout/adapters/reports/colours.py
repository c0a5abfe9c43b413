"""The colours of sheets and pages."""

from rollout.application.exports.status.grids.form import Tone

COLOURS = {
    Tone.GREEN: ("#C6E7CE", "#14532D"),
    Tone.AMBER: ("#FFE7A3", "#6B4500"),
    Tone.RED: ("#F8C9C4", "#7F1D1D"),
    Tone.GREY: ("#E3E5E8", "#3F4650"),
    Tone.PLAIN: ("#FFFFFF", "#1F2933"),
}
"""Background and ink; dark enough that the word is read in monochrome."""
INK, LINE, HEAD = "#1F2933", "#B8C0CA", "#1F4E79"
PLAN, ACTUAL, MIDDLE, BAND, SHADE = "#6B7280", "#1F4E79", "#C2410C", "#F6C9A8", "#E5E7EB"
"""Of the burn-up."""
