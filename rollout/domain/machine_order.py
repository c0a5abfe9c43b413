"""In which orders a list of machines can be read."""

from rollout.domain.lifecycle import Described


class MachineOrder(Described):
    """What a list of machines is sorted by; equal ones are in the order of their tags."""

    TAG = "tag", "By asset tag."
    SINCE = "since", "Those that have been longest in their state come first."
    STATE = "state", "By state."
    SITE = "site", "By site; those without one come first."
    OWNER = "owner", "By the name of the owner; those without one come first."
    DAY = "day", "By planned day; those without one come last."
