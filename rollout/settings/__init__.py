"""The configuration: `rollout.toml`, overridden by `ROLLOUT_*` environment variables.

Read in bootstrap only. A key that does not exist or a value that makes no sense is refused with
its place and what is expected there.
"""

from rollout.settings.accounts import (
    Accounts,
)
from rollout.settings.cluster import (
    Cluster,
)
from rollout.settings.loading import (
    SettingsError,
    load,
)
from rollout.settings.notices import (
    Notices,
)
from rollout.settings.operation import (
    Failures,
    Gates,
    Retirement,
    StepTimes,
    Training,
    Tranches,
    Verification,
    Waves,
    Windows,
)
from rollout.settings.planning import (
    Calendar,
    DateRange,
    DepartmentRules,
    Generation,
    Limits,
    MachineRules,
    Notice,
    PersonRules,
    Pilot,
    Section,
    SiteLimits,
)
from rollout.settings.tree import (
    AnsibleSettings,
    DeploymentSettings,
    OperatorRole,
    Programme,
    Roles,
    Service,
    Settings,
    config_path,
    shipped,
)
from rollout.settings.upkeep import (
    Backup,
    Monitoring,
    Nightly,
    PersonalData,
)

__all__ = [
    "Accounts",
    "AnsibleSettings",
    "Backup",
    "Calendar",
    "Cluster",
    "DateRange",
    "DepartmentRules",
    "DeploymentSettings",
    "Failures",
    "Gates",
    "Generation",
    "Limits",
    "MachineRules",
    "Monitoring",
    "Nightly",
    "Notice",
    "Notices",
    "OperatorRole",
    "PersonRules",
    "PersonalData",
    "Pilot",
    "Programme",
    "Retirement",
    "Roles",
    "Section",
    "Service",
    "Settings",
    "SettingsError",
    "SiteLimits",
    "StepTimes",
    "Training",
    "Tranches",
    "Verification",
    "Waves",
    "Windows",
    "config_path",
    "load",
    "shipped",
]
