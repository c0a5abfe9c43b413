"""Which course somebody lacks for a service: what `[training.services]` demands of each."""

from collections.abc import Collection, Mapping

from sqlmodel import Session

from rollout.domain.account import CloudService
from rollout.domain.text import match_key
from rollout.settings import Settings
from rollout.store import training


class ServiceTraining:
    """The courses that services demand, and those that people have had."""

    def __init__(
        self,
        demanded: Mapping[CloudService, Mapping[str, str]],
        had: Mapping[int, Collection[str]],
    ) -> None:
        self._demanded, self._had = demanded, had

    @classmethod
    def read(cls, session: Session, settings: Settings) -> "ServiceTraining":
        """As the tables have it now."""
        demanded = {
            service: {match_key(course): course for course in courses}
            for service, courses in settings.training.services.items()
            if courses
        }
        keys = {key for courses in demanded.values() for key in courses}
        return cls(
            demanded, training.had(session, keys, settings.training.pass_score) if keys else {}
        )

    def lacking(self, person_id: int, service: CloudService) -> str | None:
        """The first course that keeps this person from the service."""
        courses = self._demanded.get(service)
        if courses is None:
            return None
        had = self._had.get(person_id, ())
        return next((name for key, name in courses.items() if key not in had), None)
