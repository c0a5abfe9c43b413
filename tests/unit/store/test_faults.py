"""A server that cannot answer is told apart from a defect, with what to do."""

import psycopg
import pytest
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import OperationalError as Wrapped

from rollout.store.database import Database
from rollout.store.faults import unavailable


@pytest.mark.parametrize(
    ("error", "remedy"),
    [
        (psycopg.errors.DiskFull("could not extend file"), "make room"),
        (psycopg.errors.LockNotAvailable("canceling statement"), "another program"),
        (psycopg.errors.AdminShutdown("terminating connection"), "can be reached"),
        (psycopg.errors.ReadOnlySqlTransaction("cannot execute UPDATE"), "standby"),
        (psycopg.errors.IdleInTransactionSessionTimeout("terminating"), "stood still"),
        (psycopg.errors.TransactionTimeout("terminating"), "stood still"),
        (psycopg.errors.InvalidPassword("password authentication failed"), "refuses this user"),
        (psycopg.errors.TooManyConnections("sorry, too many clients"), "allow more"),
        (psycopg.OperationalError("server closed the connection"), "can be reached"),
    ],
)
def test_what_keeps_postgresql_from_answering_comes_with_a_remedy(
    error: psycopg.Error, remedy: str
) -> None:
    wrapped = DBAPIError.instance("SELECT 1", {}, error, psycopg.Error, hide_parameters=True)
    said = unavailable(wrapped)
    assert said is not None
    assert remedy in said


def test_a_broken_constraint_is_a_defect() -> None:
    error = psycopg.errors.UniqueViolation("duplicate key value")
    wrapped = DBAPIError.instance("INSERT", {}, error, psycopg.Error, hide_parameters=True)
    assert unavailable(wrapped) is None


def test_a_server_that_is_not_there_is_said_so(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("s")
    database = Database(f"postgresql+psycopg://nobody@/none?host={folder}")
    with pytest.raises(Wrapped) as caught, database.read() as session:
        session.connection()
    said = unavailable(caught.value)
    assert said is not None
    assert "can be reached" in said
