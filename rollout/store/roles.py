"""What each kind of user may do in PostgreSQL: groups that people's and programs' own users join.

The program asks its own roles as well; these hold for whoever reaches the server past it. History
is only ever added to, by everybody. An approver may besides do what only approvers do: override a
gate, declare an emergency, authorise an erasure, and take a person's text out of the history.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, text
from sqlmodel import SQLModel

import rollout.store.tables  # noqa: F401  (fills the metadata)
from rollout.store.database import Database

VIEWER, OPERATOR, APPROVER = "rollout_viewer", "rollout_operator", "rollout_approver"
WORKER, DAEMON = "rollout_worker", "rollout_daemon"
ROLES = (VIEWER, OPERATOR, APPROVER, WORKER, DAEMON)

ALL = ("SELECT", "INSERT", "UPDATE", "DELETE")
VERSION = "alembic_version"


def updates(*columns: str) -> tuple[str, ...]:
    """The right to change these columns, and no others of their table."""
    return tuple(f"UPDATE ({column})" for column in columns)


_BY_THE_DAEMON = ("lease", "workers", "takings", "nightly_work", "host_results")
"""Tables that no operator writes."""
_BY_APPROVERS = ("gate_overrides", "takeout_emergencies")
_MOVED = ("state", "state_since", "cause", "version")
"""What a move writes of a row."""
_BY_A_WORKER: Mapping[str, tuple[str, ...]] = {
    # Neither serial nor owner: by the serial a playbook knows the right machine.
    "machines": (
        "SELECT",
        *updates(*_MOVED, "step", "attempt", "held_from", "enabled"),
        *updates("image_id", "boot_id", "last_seen_at"),
    ),
    "people": ("SELECT",),
    "sites": ("SELECT",),
    # A run may halt its wave, and no more (`GUARD`); who has approved it, and which machines, is
    # not for a worker to say.
    "waves": ("SELECT", *updates(*_MOVED)),
    "runs": ("SELECT", *updates(*_MOVED, "started_at", "ended_at")),
    "claims": (
        "SELECT",
        *updates(
            "arm_token_hash",
            "armed_at",
            "boot_id_before",
            "voided_at",
            "outcome",
            "ended_at",
            "report",
        ),
    ),
    "retirements": ("SELECT",),
    "commands": ("SELECT", "INSERT", *updates("answered_at", "answer", "refused")),
    "host_results": ("SELECT", "INSERT"),
    "evidence": ("SELECT", "INSERT"),
    "control_summaries": ("SELECT", "INSERT", "DELETE"),
    "pending_controls": ("SELECT", "INSERT", "UPDATE", "DELETE"),
    "workers": ("SELECT", "INSERT", "UPDATE"),
    "takings": ("SELECT", "INSERT"),
    "audit": ("SELECT", "INSERT"),
    "audit_head": ("SELECT", "INSERT", "UPDATE"),
    VERSION: ("SELECT",),
}


GUARD = "workers_halt_only"
"""A right to a column says nothing of what is written into it; this trigger does."""
_GUARD = f"""
CREATE OR REPLACE FUNCTION {GUARD}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (OLD.state IN ('running', 'paused') AND NEW.state = 'halted') IS NOT TRUE AND (
        SELECT bool_and(rolname = '{WORKER}') FROM pg_roles
        WHERE rolname IN ('{OPERATOR}', '{APPROVER}', '{WORKER}', '{DAEMON}')
        AND pg_has_role(current_user, oid, 'USAGE')
    ) THEN
        RAISE insufficient_privilege USING MESSAGE = 'a worker may halt a wave, and no more';
    END IF;
    RETURN NEW;
END
$$;
CREATE OR REPLACE TRIGGER {GUARD} BEFORE UPDATE ON waves
FOR EACH ROW EXECUTE FUNCTION {GUARD}();
"""  # noqa: S608  (names of ours)
# Not by names of roles in a policy: a copy is restored on servers that do not have them yet.


@dataclass(frozen=True, order=True)
class Grant:
    """A role may do this with a table, or with one column of it: `UPDATE (state)`."""

    role: str
    table: str
    privilege: str


def wanted() -> Iterator[Grant]:
    """Every right that the roles have on our tables."""
    for table in (*sorted(SQLModel.metadata.tables), VERSION):
        for role, privileges in (
            (VIEWER, ("SELECT",)),
            (OPERATOR, _of_operators(table, approver=False)),
            (APPROVER, _of_operators(table, approver=True)),
            (WORKER, _BY_A_WORKER.get(table, ())),
            (DAEMON, _of_the_daemon(table)),
        ):
            yield from (Grant(role, table, privilege) for privilege in privileges)


def _of_operators(table: str, *, approver: bool) -> tuple[str, ...]:
    if table == VERSION or table in _BY_THE_DAEMON:
        return ("SELECT",)
    if table == "audit":
        # The triggers let nothing through but a redaction.
        return ("SELECT", "INSERT", "UPDATE") if approver else ("SELECT", "INSERT")
    if table in _BY_APPROVERS and not approver:
        return ("SELECT",)
    if table == "claims":
        # A person may settle what is in doubt; only a daemon lets something begin.
        return ("SELECT", "UPDATE")
    return ALL


def _of_the_daemon(table: str) -> tuple[str, ...]:
    if table == VERSION:
        return ("SELECT",)
    return ("SELECT", "INSERT") if table == "audit" else ALL


def write(database: Database, queue_schema: str | None) -> None:
    """Make the roles and give them exactly these rights, on the queue as well when there is one."""
    with database.engine.begin() as connection:
        for role in ROLES:
            if not _exists(connection, role):
                connection.execute(text(f"CREATE ROLE {role} NOLOGIN"))
            connection.execute(text(f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {role}"))
            connection.execute(text(f"GRANT USAGE ON SCHEMA public TO {role}"))
            if role != VIEWER:
                connection.execute(text(f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {role}"))
        connection.exec_driver_sql(_GUARD)
        for grant in wanted():
            connection.execute(text(f"GRANT {grant.privilege} ON {grant.table} TO {grant.role}"))
        if queue_schema is not None:
            for role in (WORKER, DAEMON):
                _open_queue(connection, queue_schema, role)


def _open_queue(connection: Connection, schema: str, role: str) -> None:
    for right in (
        f"USAGE ON SCHEMA {schema}",
        f"SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema}",
        f"USAGE ON ALL SEQUENCES IN SCHEMA {schema}",
        f"EXECUTE ON ALL FUNCTIONS IN SCHEMA {schema}",
    ):
        connection.execute(text(f"GRANT {right} TO {role}"))


def unknown(database: Database) -> list[str]:
    """The roles that this server does not have."""
    with database.engine.connect() as connection:
        return [role for role in ROLES if not _exists(connection, role)]


def differences(database: Database) -> tuple[list[Grant], list[Grant]]:
    """Rights that are missing, and rights on our tables that the roles should not have."""
    asked = set(wanted())
    guard = Grant(WORKER, "waves", GUARD)
    with database.engine.connect() as connection:
        there = text("SELECT 1 FROM pg_trigger WHERE tgname = :name AND tgenabled <> 'D'")
        guarded = connection.execute(there, {"name": GUARD}).first() is not None
        found = {
            Grant(role, table, privilege)
            for role, table, privilege in connection.execute(
                text(
                    "SELECT r.rolname, c.relname, a.privilege_type FROM pg_class c"
                    " JOIN pg_namespace n ON n.oid = c.relnamespace"
                    " CROSS JOIN LATERAL aclexplode(c.relacl) a"
                    " JOIN pg_roles r ON r.oid = a.grantee"
                    " WHERE n.nspname = 'public' AND c.relkind = 'r' AND r.rolname = ANY(:roles)"
                    " UNION SELECT r.rolname, c.relname,"
                    " a.privilege_type || ' (' || t.attname || ')' FROM pg_class c"
                    " JOIN pg_namespace n ON n.oid = c.relnamespace"
                    " JOIN pg_attribute t ON t.attrelid = c.oid"
                    " CROSS JOIN LATERAL aclexplode(t.attacl) a"
                    " JOIN pg_roles r ON r.oid = a.grantee"
                    " WHERE n.nspname = 'public' AND c.relkind = 'r' AND r.rolname = ANY(:roles)"
                ),
                {"roles": list(ROLES)},
            )
        }
    missing = asked - found if guarded else {*asked - found, guard}
    return sorted(missing), sorted(found - asked)


def _exists(connection: Connection, role: str) -> bool:
    found = connection.execute(text("SELECT 1 FROM pg_roles WHERE rolname = :role"), {"role": role})
    return found.first() is not None
