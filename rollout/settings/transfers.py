"""The part of the configuration that says what a transfer does."""

from typing import Literal

from rollout.settings.planning import Section


class Transfers(Section):
    """`[transfers]`: what happens when people move to another department."""

    pc: Literal["stays", "goes"] = "stays"
    """`stays`: a PC stays with the department, without a user until the ledger names one; `goes`:
    it goes with its user. The list of people may say otherwise in a column of its own."""
