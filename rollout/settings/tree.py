"""The tree of the configuration, but for the parts that have files of their own."""

import os
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from rollout.domain.machine import Step
from rollout.i18n import _
from rollout.settings.accounts import Accounts
from rollout.settings.board import Indicator, Milestone, Report
from rollout.settings.byod import Byod
from rollout.settings.cluster import Cluster
from rollout.settings.exports import Exports
from rollout.settings.notices import Notices
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
    DepartmentRules,
    FirstDay,
    Generation,
    Limits,
    MachineRules,
    Notice,
    PersonRules,
    Pilot,
    Section,
    SiteLimits,
    unknown_sites,
)
from rollout.settings.readiness import Readiness
from rollout.settings.takehome import TakeHome
from rollout.settings.transfers import Transfers
from rollout.settings.upkeep import Backup, Monitoring, Nightly, PersonalData

PACKAGE = Path(__file__).resolve().parents[1]


def shipped(name: str) -> Path:
    """`playbooks/` or `inventory/`: beside the package in a checkout, in the wheel's share else."""
    checkout = PACKAGE.parent / name
    return checkout if checkout.is_dir() else PACKAGE.parent / "rollout_share" / name


class Programme(Section):
    """`[programme]`"""

    name: str = "rollout"
    """Shown on every screen and report."""
    timezone: str = "Asia/Tokyo"
    """IANA name; days and change windows are in this zone."""
    start: FirstDay
    """First day on which a machine may be moved."""
    cutover: FirstDay
    """The date before which everything has to be done."""

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.cutover <= self.start:
            raise ValueError(
                _("cutover {cutover} is not after start {start}").format(
                    cutover=self.cutover, start=self.start
                )
            )
        try:
            ZoneInfo(self.timezone)
        except (ZoneInfoNotFoundError, ValueError):
            raise ValueError(
                _("timezone {name} is unknown: use a name like Asia/Tokyo").format(
                    name=repr(self.timezone)
                )
            ) from None
        return self

    @property
    def zone(self) -> ZoneInfo:
        """The time zone itself."""
        return ZoneInfo(self.timezone)


class OperatorRole(StrEnum):
    """What an operator may do; each includes the ones before."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    APPROVER = "approver"


class Roles(Section):
    """`[roles]`: operators by name. With no name at all, everybody may do everything
    (approval still needs a second person)."""

    viewers: tuple[str, ...] = ()
    """They look; so does everybody who is not named."""
    operators: tuple[str, ...] = ()
    """They plan, start, hold and retry as well."""
    approvers: tuple[str, ...] = ()
    """They approve as well, but never what they submitted themselves."""

    def of(self, actor: str) -> OperatorRole:
        """The role of `actor`; a name that is not listed is a viewer."""
        if actor in self.approvers or not (self.viewers or self.operators or self.approvers):
            return OperatorRole.APPROVER
        return OperatorRole.OPERATOR if actor in self.operators else OperatorRole.VIEWER


class Service(Section):
    """`[service]`: the daemon and its HTTP endpoint."""

    host: str = "127.0.0.1"
    """Address that the check-in endpoint listens on."""
    port: Annotated[int, Field(ge=0, le=65535)] = 8780
    """Its port."""
    url: str | None = None
    """How PCs reach it, when a proxy or another name stands before it."""
    tls_certificate: Path | None = None
    """PEM file; with it the endpoint speaks HTTPS."""
    tls_key: Path | None = None
    """PEM file of its key."""
    tick_seconds: Annotated[float, Field(gt=0, le=60)] = 0.5
    """Pause between two looks of the daemon at its tables."""
    lease_seconds: Annotated[float, Field(ge=2)] = 15
    """A daemon that gave no sign for so long is taken over."""
    hang_seconds: Annotated[float, Field(ge=60)] = 120
    """A look of the daemon at its tables that takes longer ends the daemon, so that systemd
    starts it anew; a locked database is waited for, 30 seconds at a time."""

    @property
    def address(self) -> str:
        """The URL to hand to PCs."""
        if self.url:
            return self.url.rstrip("/")
        return f"{'https' if self.tls_certificate else 'http'}://{self.host}:{self.port}"


class DeploymentSettings(Section):
    """`[deployment]`: what PCs get that boot from the network; with no folder another server
    has to do it, and asks `/v1/boot` of ours."""

    folder: Path | None = None
    """Folder with `manifest.json`: the installer's kernel and start-up system, and the images,
    each with its digest and size (see docs/real-reimage.md)."""


class AnsibleSettings(Section):
    """`[ansible]`"""

    playbooks: Path = Field(default_factory=lambda: shipped("playbooks"))
    """Folder with one playbook per step."""
    group_vars: Path = Field(default_factory=lambda: shipped("inventory") / "group_vars")
    """How machines are reached: connection, credentials by reference."""
    collections: tuple[Path, ...] = ()
    """Searched before the installed collections."""
    artifacts: Path = Path("state/runs")
    """Working folders of runs, owner-only."""
    keep_runs: Annotated[int, Field(ge=1)] = 200
    """Older working folders are removed; never those of runs whose machines are still awaited."""
    keep_days: Annotated[float, Field(gt=0)] = 90
    """Working folders that are older are removed at night."""
    keep_gigabytes: Annotated[float, Field(gt=0)] = 10
    """Beyond this size of all working folders together the oldest are removed at night."""
    forks: Annotated[int, Field(ge=1)] = 20
    """Machines that Ansible works on at once in one run; a run never has more, so that none waits
    in it for another while its time runs out."""
    copy_root: str = r"\\fileserver\rollout"
    """Where capture puts user data."""


class Settings(BaseSettings):
    """The whole configuration."""

    model_config = SettingsConfigDict(
        env_prefix="ROLLOUT_",
        env_nested_delimiter="__",
        extra="forbid",
        frozen=True,
    )

    programme: Programme
    calendar: Calendar = Calendar()
    sites: dict[str, SiteLimits] = {}
    departments: dict[str, DepartmentRules] = {}
    limits: Limits = Limits()
    pilot: Pilot = Pilot()
    waves: Waves = Waves()
    tranches: Tranches = Tranches()
    gates: Gates = Gates()
    training: Training = Training()
    transfers: Transfers = Transfers()
    take_home: TakeHome = TakeHome()
    readiness: Readiness = Readiness()
    windows: Windows = Windows()
    failures: Failures = Failures()
    verify: Verification = Verification()
    retirement: Retirement = Retirement()
    generations: dict[str, Generation] = {}
    notice: Notice = Notice()
    notices: Notices = Notices()
    machines: dict[str, MachineRules] = {}
    people: dict[str, PersonRules] = {}
    steps: dict[Step, StepTimes] = {}
    roles: Roles = Roles()
    service: Service = Service()
    deployment: DeploymentSettings = DeploymentSettings()
    ansible: AnsibleSettings = AnsibleSettings()
    nightly: Nightly = Nightly()
    exports: Exports = Exports()
    accounts: Accounts = Accounts()
    byod: Byod = Byod()
    backup: Backup = Backup()
    personal_data: PersonalData = PersonalData()
    monitoring: Monitoring = Monitoring()
    report: Report = Report()
    milestones: dict[str, Milestone] = {}
    indicators: dict[str, Indicator] = {}
    cluster: Cluster = Cluster()
    database_url: str = "sqlite:///state/rollout.db"
    """SQLAlchemy URL; relative SQLite paths are relative to the configuration file."""
    ledger_columns: dict[str, tuple[str, ...]] = {}
    """Further column names of the ledger: canonical name -> synonyms."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (env_settings, TomlConfigSettingsSource(settings_cls, config_path()))

    @model_validator(mode="after")
    def _sites_are_known(self) -> Self:
        faults: list[str] = []
        unknown_sites(self.departments, self.sites, faults.append)
        if faults:
            raise ValueError("; ".join(faults))
        return self

    @model_validator(mode="after")
    def _promises_have_names_of_their_own(self) -> Self:
        both = sorted(self.milestones.keys() & self.indicators.keys())
        if both:
            raise ValueError(
                _("{key} is a milestone and an indicator: give one of them another key").format(
                    key=both[0]
                )
            )
        return self

    @model_validator(mode="after")
    def _workers_have_a_server(self) -> Self:
        if self.cluster.engine == "procrastinate" and not self.database_url.startswith(
            "postgresql"
        ):
            raise ValueError(
                _(
                    "cluster.engine procrastinate needs PostgreSQL: set database_url to "
                    "postgresql+psycopg://..."
                )
            )
        return self

    @model_validator(mode="after")
    def _trainings_are_named(self) -> Self:
        if self.gates.training_share is not None and not self.courses:
            raise ValueError(
                _(
                    "gates.training_share measures nothing: name the courses under [training] "
                    "courses"
                )
            )
        return self

    @property
    def byod_in_use(self) -> bool:
        """Whether personal devices are looked after at the cloud service."""
        return self.accounts.in_use and bool(self.byod.group)

    def site(self, key: str) -> SiteLimits:
        """The limits of a site."""
        return self.sites.get(key, self.limits.site)

    def generation(self, name: str) -> Generation:
        """The policy of a generation."""
        return self.generations.get(name) or Generation()

    @property
    def courses(self) -> tuple[str, ...]:
        """The courses that everybody needs: for the programme, and for the services of all."""
        needed = [*self.training.courses]
        for service in self.accounts.services if self.accounts.in_use else ():
            needed += self.training.services.get(service, ())
        return tuple(dict.fromkeys(needed))

    @property
    def replaced(self) -> tuple[str, ...]:
        """The generations whose PCs are replaced by successors."""
        return tuple(name for name, policy in self.generations.items() if policy.path == "refresh")

    def canary(self, generation: str) -> int:
        """How many machines of a generation go first at each site."""
        return self.generation(generation).canary or self.tranches.canary

    def step(self, step: Step) -> StepTimes:
        """Deadline and retries of a step."""
        return self.steps.get(step, StepTimes())

    def deadline(self, step: Step) -> timedelta:
        """From claim to proof."""
        return timedelta(minutes=self.step(step).minutes)


def config_path() -> Path:
    """The configuration file in force: `ROLLOUT_CONFIG`, else `rollout.toml` here."""
    return Path(os.environ.get("ROLLOUT_CONFIG", "rollout.toml")).absolute()
