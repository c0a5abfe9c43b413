"""Which machines are wanted: the same options wherever machines are listed."""

from typing import TYPE_CHECKING, Annotated

import typer

from rollout.domain.text import fold_identifier, tidy
from rollout.i18n import _

if TYPE_CHECKING:
    from rollout.store.machines import Filter

StateOption = Annotated[list[str] | None, typer.Option("--state", help=_("only in this state"))]
SiteOption = Annotated[list[str] | None, typer.Option("--site", help=_("only at this site"))]
GenerationOption = Annotated[
    list[str] | None, typer.Option("--generation", help=_("only of this generation"))
]
WaveOption = Annotated[list[int] | None, typer.Option("--wave", help=_("only of this wave"))]
PurposeOption = Annotated[
    list[str] | None,
    typer.Option("--purpose", help=_("only of this purpose: personal, shared, counter, spare")),
]
TextOption = Annotated[str, typer.Option("--text", help=_("part of tag, computer name or owner"))]
NeedsAPerson = Annotated[
    bool, typer.Option("--needs-a-person", help=_("only what nobody but a person can settle"))
]


def wanted(
    state: list[str] | None,
    site: list[str] | None,
    generation: list[str] | None,
    wave: list[int] | None,
    purpose: list[str] | None,
    text: str,
    needs_a_person: bool,
) -> "Filter":
    """The filter of these options. Raises typer.BadParameter for a word that is no state."""
    from rollout.application.ledger.words import purpose_of
    from rollout.application.machines import Filter
    from rollout.domain.machine import MachineState

    known = {word.value for word in MachineState}
    for word in state or ():
        if word not in known:
            raise typer.BadParameter(
                _("{word!r} is not a state: one of {known}").format(
                    word=word, known=", ".join(MachineState)
                )
            )
    return Filter(
        tuple(state or ()),
        tuple(tidy(name) for name in site or ()),
        tuple(fold_identifier(name) for name in generation or ()),
        tuple(wave or ()),
        tidy(text),
        purposes=tuple(purpose_of(word) for word in purpose or ()),
        needs_a_person=needs_a_person,
    )
