"""The configuration of a simulated programme: a prefecture with its calendar, hours and limits."""

from datetime import date

from rollout.adapters.simulated.ledger import SITES

STARTS, CUTOVER = date(2022, 8, 1), date(2023, 5, 1)

_TEXT = """\
# A simulated programme: everything but the engine, the clock and the people is the real one.
database_url = "sqlite:///rollout.db"

[programme]
name = "Simulated prefecture"
start = {starts}
cutover = {cutover}

[calendar]
closed = ["2022-12-29/2023-01-03"]
freeze = ["2023-03-20/2023-04-14"]      # transfers and the end of the fiscal year

[limits]
site = {{ machines_per_day = 10, at_once = 8 }}

[sites."本庁"]
machines_per_day = 20
at_once = 20

# Every other office is visited on few, full days.
{offices}

# Preflight and capture on the days before, reimage on the day, and everything in office hours.
[windows]
hours = ["09:00-17:00"]
ahead = ["preflight", "capture"]
ahead_days = 3

[generations.DK21]
order = 1
take_home = true

[generations.DK20]
order = 2
take_home = true

[generations.DK19]
order = 3

[generations.DK18]
order = 4

[generations.DK17]
order = 5

[steps.capture]
minutes = 240

[steps.reimage]
minutes = 120

[steps.restore]
minutes = 240
"""


_OFFICE = """\
[sites."{name}"]
machines_per_day = 10
at_once = 8
few_visits = true
"""


def configuration(*, starts: date = STARTS, cutover: date = CUTOVER) -> str:
    """The text of `rollout.toml`."""
    offices = "\n".join(_OFFICE.format(name=name) for name, _share in SITES[1:])
    return _TEXT.format(starts=starts.isoformat(), cutover=cutover.isoformat(), offices=offices)
