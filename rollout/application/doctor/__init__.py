"""`rollout doctor`: what the product needs on this computer, checked one by one."""

from rollout.application.doctor.examination import examine
from rollout.application.doctor.finding import Finding, Level

__all__ = ["Finding", "Level", "examine"]
