"""The part of the configuration that says how people get their cloud services."""

import string
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from rollout.domain.account import CloudService
from rollout.i18n import _
from rollout.settings.planning import Section

_CLOUDS = {
    "global": ("https://login.microsoftonline.com", "https://graph.microsoft.com"),
    "us-government": ("https://login.microsoftonline.us", "https://graph.microsoft.us"),
    "china": (
        "https://login.partner.microsoftonline.cn",
        "https://microsoftgraph.chinacloudapi.cn",
    ),
}
_UPN_NAMES = ("family", "given", "family_initial", "given_initial", "nickname")
_UPN_FIELDS = frozenset({"staff_number", *_UPN_NAMES})

Days = Annotated[int, Field(ge=0)]


class Tenant(Section):
    """`[accounts.tenant]`"""

    tenant_id: str = ""
    """The directory's id; empty: accounts are not provisioned from here."""
    client_id: str = ""
    """The registered application's id."""
    credential: Literal["secret", "certificate", "managed-identity"] = "certificate"
    """How the application proves itself."""
    secret_file: Path | None = None
    """File with the client secret, owner-only; else the environment's ROLLOUT_GRAPH_SECRET."""
    certificate_file: Path | None = None
    """PEM file with the certificate and its private key, owner-only."""
    cloud: Literal["global", "us-government", "china"] = "global"
    """Which of the national clouds."""
    login_url: str = ""
    """Another authority than the cloud's own, such as the lab's."""
    graph_url: str = ""
    """Another Graph than the cloud's own, up to and with the version."""
    ca_file: Path | None = None
    """Certificates to trust besides the system's, such as those of an inspecting proxy."""
    requests_at_once: Annotated[int, Field(ge=1, le=16)] = 6
    """Batches of twenty that are under way at a time."""

    @property
    def login(self) -> str:
        """The authority in force."""
        return self.login_url or _CLOUDS[self.cloud][0]

    @property
    def graph(self) -> str:
        """Graph's address in force, with the version."""
        return (self.graph_url or self.canonical_graph).rstrip("/")

    @property
    def canonical_graph(self) -> str:
        """The cloud's own address, which tokens and references name wherever Graph is reached."""
        return f"{_CLOUDS[self.cloud][1]}/v1.0"

    @model_validator(mode="after")
    def _signs_in(self) -> Self:
        if not self.tenant_id:
            return self
        if not self.client_id and self.credential != "managed-identity":
            raise ValueError(_("client_id is missing: the registered application's id"))
        if self.credential == "certificate" and self.certificate_file is None:
            raise ValueError(_("certificate_file is missing: a PEM file with certificate and key"))
        if not self.login.startswith("https://"):
            raise ValueError(_("login_url has to begin with https://"))
        return self


class Chat(Section):
    """`[accounts.chat]`"""

    provider: Literal["teams", "enterprise_app"] = "teams"
    """`teams`: the team of the department's group; `enterprise_app`: another chat that the
    directory provisions, such as Slack."""
    service_principal: str = ""
    """Object id of the enterprise application."""
    app_role: str = ""
    """Id of the application's role that people get."""
    job: str = ""
    """Id of the application's synchronisation job."""
    rule: str = ""
    """Id of the job's synchronisation rule."""
    channels: tuple[str, ...] = ()
    """Standard channels that every team gets besides General."""

    @model_validator(mode="after")
    def _named(self) -> Self:
        if self.provider == "enterprise_app" and not (
            self.service_principal and self.app_role and self.job and self.rule
        ):
            raise ValueError(_("an enterprise_app needs service_principal, app_role, job and rule"))
        return self


class Accounts(Section):
    """`[accounts]`: what every person gets in the cloud before the cutover."""

    tenant: Tenant = Tenant()
    """Where the directory is, and how this product signs in there. The secret itself is never in
    this file."""
    identity: Literal["synced", "cloud"] = "synced"
    """`synced`: directory synchronisation makes the users; `cloud`: they are made here."""
    changes_minutes: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 5
    """So often the directory is asked which of its users came and went, while `identity` is
    `synced`."""
    upn: str = "{staff_number}@pref.example.jp"
    """The name to sign in with of a person for whom no list gives one. In braces: `staff_number`;
    `family`, `given`, `family_initial`, `given_initial` in Roman letters, from the list's column
    for them or from the kana; `nickname`, a column of the list. A rule with any but the staff
    number is applied by `import people`, once: a name that was made stays."""
    upn_when_taken: Literal["number", "refuse"] = "number"
    """What to do when the rule makes a name that somebody else has: `number` puts 2, 3, ... behind
    it, before the @, in the order of staff numbers; `refuse` leaves it to the list."""
    services: tuple[CloudService, ...] = tuple(CloudService)
    """Which services people get."""
    licences: tuple[str, ...] = ("SPE_E3",)
    """Part numbers of the products that everybody gets."""
    licence_groups: dict[str, str] = Field(default_factory=dict)
    """Part number and the group whose members the directory itself gives it; products that are not
    named here are assigned to each person."""
    usage_location: Annotated[str, Field(pattern=r"^[A-Z]{2}$")] = "JP"
    """Country in which the licences are used."""
    locale: str = "ja-JP"
    """Language of mailboxes."""
    timezone: str = "Tokyo Standard Time"
    """Time zone of mailboxes, by its Windows name."""
    mailbox_hours: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 24
    """A mailbox that is not there so long after the licence is a case for a person."""
    batch_stop_days: Annotated[int, Field(ge=1)] = 60
    """So many days after an administrator last touched it, Exchange stops a batch of mailbox moves
    that is synced and not completed."""
    batch_warn_days: Days = 14
    """So many days before that the batch is shown with an alarm."""
    nicknames: dict[str, str] = Field(default_factory=dict)
    """Bureau and division with a space between, and the address of their group before the @."""
    renamed_groups: Literal["keep", "new"] = "keep"
    """What becomes of the group of a department that is renamed. `keep`: it gets the new name and
    keeps its address, unless `nicknames` gives the new name another one; `new`: the renamed
    department gets a group of its own."""
    old_group_days: Days = 14
    """So many days a person who moved stays in the old department's group."""
    revoke_after_days: Days = 30
    """So many days after leaving, a person's licences are taken; sign-in ends at once."""
    reimage_needs: Literal["nothing", "sign-in", "registration"] = "nothing"
    """What the owner has to have done with the new account before anything begins with the PC: a
    sign-in, or the registration for multi-factor sign-in. PCs without an owner need neither."""
    sign_in_hours: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 4
    """So often the directory is asked who signed in, while `reimage_needs` demands it."""
    secrets_file: Path | None = None
    """Where the first passwords of users that are made here go, owner-only."""
    chat: Chat = Chat()
    """Where people talk."""

    @model_validator(mode="after")
    def _upn_can_be_made(self) -> Self:
        fields = {name for _text, name, *_rest in string.Formatter().parse(self.upn) if name}
        if fields - _UPN_FIELDS or self.upn.count("@") != 1:
            raise ValueError(
                _("upn {rule} cannot be used: it takes {fields} and one @").format(
                    rule=repr(self.upn),
                    fields=", ".join(f"{{{name}}}" for name in ("staff_number", *_UPN_NAMES)),
                )
            )
        return self

    @property
    def upn_fields(self) -> frozenset[str]:
        """What the rule for names to sign in with is made of."""
        return frozenset(name for _t, name, *_r in string.Formatter().parse(self.upn) if name)

    def upn_by_number(self, staff_number: str) -> str:
        """The name to sign in with by the staff number alone; empty when the rule needs more."""
        if self.upn_fields - {"staff_number"}:
            return ""
        return self.upn.format(staff_number=staff_number)

    @property
    def in_use(self) -> bool:
        """Whether accounts are provisioned from here."""
        return bool(self.tenant.tenant_id)
