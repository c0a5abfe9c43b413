"""How departments follow one another when they are renamed, merged, split or closed."""

from rollout.domain.lifecycle import Described


class DepartmentChangeKind(Described):
    """What became of a department on a day."""

    RENAMED = "renamed", "The same department under another name."
    MERGED = "merged", "It went into a department that took in others too."
    SPLIT = "split", "Its work was divided among several departments."
    CLOSED = "closed", "It ended, and no department followed it."
