"""Who may do what."""

from dataclasses import dataclass

from rollout.domain.errors import RolloutError
from rollout.i18n import _
from rollout.i18n.labels import label
from rollout.settings import OperatorRole, Roles

_RANK = {role: rank for rank, role in enumerate(OperatorRole)}


class NotPermitted(RolloutError):
    """The operator's role does not allow it."""


@dataclass(frozen=True)
class Operator:
    """Somebody at a terminal, with the role that the configuration gives."""

    name: str
    role: OperatorRole

    @classmethod
    def named(cls, name: str, roles: Roles) -> "Operator":
        """The operator of that name."""
        return cls(name, roles.of(name))

    def must_be(self, role: OperatorRole) -> None:
        """Raises NotPermitted when the operator's role is below `role`."""
        if _RANK[self.role] < _RANK[role]:
            raise NotPermitted(
                _(
                    "{name} has the role “{own}”, but this needs “{needed}”: "
                    "add the name under [roles] in rollout.toml, or use --actor"
                ).format(name=self.name, own=label(self.role), needed=label(role))
            )
