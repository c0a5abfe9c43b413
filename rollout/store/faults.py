"""What a database driver raises, told apart: cannot answer now, or a defect of the program."""

from sqlalchemy.exc import DatabaseError, InterfaceError, OperationalError


def unavailable(error: BaseException) -> str | None:
    """The driver's own words when the database is locked, missing or damaged.

    None for everything else: a broken constraint or a wrong statement is a defect.
    """
    answers_not = type(error) is DatabaseError or isinstance(
        error, (OperationalError, InterfaceError)
    )
    if not answers_not:
        return None
    return next(iter(str(getattr(error, "orig", error)).splitlines()), "?")
