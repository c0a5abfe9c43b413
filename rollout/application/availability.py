"""Front ends that stay open go on when the database does not answer for a while."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DatabaseError, InterfaceError, OperationalError

from rollout.domain.errors import RolloutError


class DatabaseUnavailable(RolloutError):
    """The database is locked, missing or damaged; asking again may help."""


@contextmanager
def asking_the_database() -> Iterator[None]:
    """Turn what the database's driver raises into DatabaseUnavailable.

    A broken constraint or a wrong statement is a defect of the program and passes as it is.
    """
    try:
        yield
    except DatabaseError as error:
        if not isinstance(error, OperationalError) and type(error) is not DatabaseError:
            raise
        raise DatabaseUnavailable(_first_line(error.orig)) from error
    except InterfaceError as error:
        raise DatabaseUnavailable(_first_line(error.orig)) from error


def _first_line(error: BaseException | None) -> str:
    return next(iter(str(error).splitlines()), "?")
