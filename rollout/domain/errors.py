"""Errors that a user can act on; each message says what is wrong, where, and what to do."""


class RolloutError(Exception):
    """A request was refused or failed for a reason that the user can act on."""


class NotAllowed(RolloutError):
    """The transition table has no such move."""

    def __init__(self, noun: str, key: str, state: str, verb: str) -> None:
        self.noun, self.key, self.state, self.verb = noun, key, state, verb
        super().__init__(f"{noun} {key} is {state}: {verb!r} is not possible from there")


class StaleState(RolloutError):
    """Somebody else changed the row between reading and writing."""

    def __init__(self, noun: str, keys: list[str]) -> None:
        self.noun, self.keys = noun, keys
        shown = ", ".join(keys[:5]) + (" ..." if len(keys) > 5 else "")
        super().__init__(f"{noun} {shown} changed meanwhile: look again and repeat")


class NotFound(RolloutError):
    """No row of that name."""

    def __init__(self, noun: str, key: object) -> None:
        self.noun, self.key = noun, key
        super().__init__(f"no {noun} named {key}: see `rollout {noun} list`")


class NeedsApproval(RolloutError):
    """Nothing changed because another operator has to approve first."""


class LeaseHeld(RolloutError):
    """Another process acts on the programme already."""


class StaleEpoch(RolloutError):
    """A result or a token came with an epoch that a newer claim has overtaken."""
