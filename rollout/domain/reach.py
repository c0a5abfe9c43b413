"""How far a database went when an export was made of it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Reach:
    """Its facts, id and digest of the last one, and the ids of its last measurement and claim."""

    facts: int
    fact_id: int
    digest: str
    evidence_id: int
    claim_id: int
