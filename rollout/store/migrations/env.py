"""How Alembic runs here: on the connection that `migrate` hands over, inside its transaction.

There is no alembic.ini and no logging configuration: the program that migrates decides both.
"""

from alembic import context
from sqlmodel import SQLModel

import rollout.store.tables  # noqa: F401  (fills the metadata)

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=SQLModel.metadata,
    # SQLite cannot alter most of a table: Alembic copies it.
    render_as_batch=True,
)
context.run_migrations()
