"""How the tenant misbehaves: delays, quotas and faults, from a scenario or the control endpoint."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any, Literal, get_args

from rollout.lab.errors import LabError

Quotas = dict[str, tuple[float, float]]
RetryAfter = Literal["always", "sometimes", "never"]


def _quotas() -> Quotas:
    # As published for a large tenant: https://learn.microsoft.com/graph/throttling-limits
    return {
        "directory-read": (8000, 10),  # resource units in seconds, per application and tenant
        "directory-write": (3000, 150),
        "licence": (500, 10),
        "mailbox": (10_000, 600),  # per mailbox and application
        "mail-send": (30, 60),  # messages per mailbox
        "mail-recipients": (10_000, 86_400),  # per mailbox
        "teams": (30, 1),
        "intune": (2000, 20),
        "reports": (200, 10),
    }


@dataclass
class Behaviour:
    """Shares are probabilities from 0 to 1, drawn from the tenant's seeded generator."""

    replication_seconds: float = 0.0
    """Until a write has reached every replica."""
    stale_share: float = 0.6
    """Reads within that time that a replica answers which has not seen the write."""
    mailbox_seconds: float = 0.0
    """From the licence to a mailbox that answers."""
    sent_items_seconds: float = 0.0
    """From an accepted mail to its place among the sent ones."""
    bounce_seconds: float = 0.0
    """From an accepted mail to nobody to the report that it could not be delivered."""
    team_seconds: float = 0.0
    """Age below which a group is not known to Teams."""
    team_building_seconds: float = 0.0
    """How long an accepted team is under way."""
    team_failure_share: float = 0.0
    """Accepted teams that fail."""
    group_licence_seconds: float = 0.0
    """From a member's joining to the licence of the group."""
    delta_seconds: float = 7 * 86_400
    """How long the link of a delta query is good."""
    latency_ms: float = 0.0
    """Before every answer."""
    unavailable_share: float = 0.0
    """Requests answered 503 without effect."""
    lost_answer_share: float = 0.0
    """Writes that take effect and are answered 503 or 504."""
    throttled_share: float = 0.0
    """Requests answered 429 whatever the quotas say."""
    retry_after: RetryAfter = "always"
    """Whether a 429 says how long to wait."""
    retry_after_seconds: int = 2
    """What a drawn 429 says."""
    empty_page_share: float = 0.0
    """Pages that hold nothing and lead on."""
    page_size: int = 100
    """Rows a page when `$top` does not say."""
    shuffle_batch: bool = True
    """Answers of a batch come in another order than its requests."""
    token_seconds: int = 3599
    """How long an access token is good."""
    quotas: Quotas = field(default_factory=_quotas)
    """Kind of request: (units, seconds)."""

    def change(self, values: dict[str, Any]) -> None:
        """Take over what a scenario says. Raises LabError for a name or a value it cannot take."""
        known = {one.name: one for one in fields(self)}
        for name, value in values.items():
            if name not in known:
                raise LabError(f"unknown behaviour {name!r}: one of {', '.join(sorted(known))}")
            if name == "quotas":
                self.quotas |= {kind: (float(of[0]), float(of[1])) for kind, of in value.items()}
            elif name == "retry_after" and value not in get_args(RetryAfter):
                raise LabError(f"retry_after is one of {', '.join(get_args(RetryAfter))}")
            elif name != "retry_after" and not isinstance(value, int | float):
                raise LabError(f"{name} is a number, not {value!r}")
            elif name.endswith("_share") and not 0 <= value <= 1:
                raise LabError(f"{name} is a share from 0 to 1, not {value!r}")
            else:
                setattr(self, name, value)
