"""The part of the configuration that says who may use a device of his or her own."""

from typing import Annotated

from pydantic import Field

from rollout.domain.personal_device import Platform
from rollout.settings.planning import Section


class Byod(Section):
    """`[byod]`: personal devices."""

    platforms: tuple[Platform, ...] = tuple(Platform)
    """What may be applied for."""
    max_devices: Annotated[int, Field(ge=1)] = 2
    """So many devices a person may have, open applications counted."""
    rules_version: str = ""
    """The version of the rules that is in force: consent to another one is refused; empty: any."""
    licences: tuple[str, ...] = ()
    """Part numbers of the products that app protection needs; none: it is not looked at."""
