"""What a machine is for."""

from rollout.domain.lifecycle import Described


class Purpose(Described):
    """The purposes that the product knows; a ledger may have others, in its own words."""

    PERSONAL = "personal", "One person's own PC."
    SHARED = "shared", "Used by a whole office."
    COUNTER = "counter", "At a counter for citizens."
    SPARE = "spare", "Lent to whoever's PC failed."
