"""Words of the decisions about a replaced machine that leave its state as it is."""

from rollout.domain.lifecycle import Described


class ErasureVerb(Described):
    """Who may erase, in the history of a machine."""

    KEEP_UNTIL = "keep_until", "Set the last day on which it stays as it is."
    ASK_ERASURE = "ask_erasure", "Ask another operator to let it be erased."
    APPROVE_ERASURE = "approve_erasure", "Let it be erased once."
    WITHDRAW_ERASURE = "withdraw_erasure", "Take back what was asked for or approved."
