"""In which orders a list of machines can be read."""

from dataclasses import dataclass, replace

from rollout.domain.lifecycle import Described


class MachineOrder(Described):
    """What a list of machines is sorted by; equal ones are in the order of their tags."""

    TAG = "tag", "By asset tag."
    SINCE = "since", "Those that have been longest in their state come first."
    STATE = "state", "By state."
    SITE = "site", "By site; those without one come first."
    OWNER = "owner", "By the name of the owner; those without one come first."
    DAY = "day", "By planned day; those without one come last."


@dataclass(frozen=True)
class Sorting:
    """An order, read from its beginning or from its end."""

    order: MachineOrder = MachineOrder.TAG
    turned: bool = False

    def turned_round(self) -> "Sorting":
        """The same list from its other end."""
        return replace(self, turned=not self.turned)

    def beside(self, by: int) -> "Sorting":
        """The order that stands so many places further on, from its beginning."""
        orders = list(MachineOrder)
        return Sorting(orders[(orders.index(self.order) + by) % len(orders)])


BY_TAG = Sorting()
