"""`[take_home]`: what a PC needs before it may leave the office."""

from typing import Annotated, Literal

from pydantic import Field

from rollout.settings.planning import Section


class TakeHome(Section):
    """`[take_home]`: taking PCs out of the office."""

    controls: tuple[str, ...] = ("disk_encryption", "encryption_pin", "vpn")
    """Each needs evidence that passed, measured after the disk was last rewritten: encryption, the
    PIN that the user chose, and the profile for remote access. Take out of it only what the
    house does without."""
    prepare_later: Literal["on approval", "everybody"] = "on approval"
    """PCs that were handed over before their generation might leave are prepared in use: those with
    an approved application, or all of them. It asks their users for a PIN."""
    longest_days: Annotated[int, Field(ge=1)] = 366
    """An application for longer than this is refused."""
