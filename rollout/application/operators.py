"""Who may do what."""

from dataclasses import dataclass

from rollout.domain.errors import RolloutError
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
                f"{self.name} is a {self.role}: this needs the role {role}; "
                "add the name under [roles] in rollout.toml, or use --actor"
            )
