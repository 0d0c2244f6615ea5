"""How Alembic runs: on the connection, and in the transaction, that `tillsight.database.store` gives it."""

from __future__ import annotations

from alembic import context

from tillsight.database.models import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,
    transactional_ddl=True,
)
context.run_migrations()
