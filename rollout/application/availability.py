"""Front ends that stay open go on when the database does not answer for a while."""

from collections.abc import Iterator
from contextlib import contextmanager

from rollout.domain.errors import RolloutError
from rollout.store.faults import unavailable


class DatabaseUnavailable(RolloutError):
    """The database is locked, missing or damaged; asking again may help."""


@contextmanager
def asking_the_database() -> Iterator[None]:
    """Turn what the database's driver raises into DatabaseUnavailable.

    A broken constraint or a wrong statement is a defect of the program and passes as it is.
    """
    try:
        yield
    except Exception as error:
        why = unavailable(error)
        if why is None:
            raise
        raise DatabaseUnavailable(why) from error
