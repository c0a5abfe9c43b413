"""The part of the configuration that says what is exported at night, and where it goes."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from rollout.i18n import _
from rollout.settings.planning import Section

Part = Literal["status", "exceptions", "machines", "evidence", "audit"]


class Exports(Section):
    """`[exports]`: what the daemon exports every night, as one folder with a manifest, which
    `rollout export verify` checks."""

    folder: Path | None = None
    """Where the folders of the nights go, such as `exports/20230120-023000`; none: nothing is
    exported at night."""
    parts: Annotated[tuple[Part, ...], Field(min_length=1)] = ("status", "exceptions", "machines")
    """What is in them."""
    keep: Annotated[int, Field(ge=1)] = 31
    """So many nights are kept; folders made by hand are never removed."""
    deliver_to: Path | None = None
    """A folder elsewhere, such as one on a file share, that gets a copy of every night. It is not
    made: without its share it is missed. What is there is never removed."""
    mail_to: tuple[str, ...] = ()
    """Addresses that get the files of `mail` by mail from `[notices] sender`."""
    mail: Annotated[tuple[str, ...], Field(min_length=1)] = ("status.pdf", "status.xlsx")
    """Names of files in the folder of a night; together at most 2.5 MB, which is what one message
    of the mail service takes: bigger ones go to a folder."""

    @model_validator(mode="after")
    def _is_exported(self) -> Self:
        if self.folder is None and (self.deliver_to is not None or self.mail_to):
            raise ValueError(_("nothing is exported that could be delivered: name a folder"))
        for address in self.mail_to:
            if address.count("@") != 1:
                raise ValueError(
                    _("mail_to {text} is no address: write one such as dx@pref.example.jp").format(
                        text=repr(address)
                    )
                )
        for name in self.mail if self.mail_to else ():
            if name.partition(".")[0] not in self.parts:
                raise ValueError(
                    _("mail {name} is not among the parts: {parts}").format(
                        name=repr(name), parts=", ".join(self.parts)
                    )
                )
        return self
