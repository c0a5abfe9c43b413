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
    group: str = ""
    """Display name of the group that app protection and conditional access are for; whoever is
    invited joins it. Empty: nobody is invited."""
    sync_minutes: Annotated[float, Field(ge=5, allow_inf_nan=False)] = 60
    """So often the daemon reads what is registered, while there is somebody to look for."""
    expire_days: Annotated[int, Field(ge=1)] = 90
    """An application expires when nobody decided, or invited its owner, for so long."""
    pending_days: Annotated[int, Field(ge=1)] = 14
    """Apps' data that are still not taken away after so many days are a case for a person; they go
    when the app is opened next."""
    columns: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """Further column names of lists of applications: canonical name -> synonyms."""
