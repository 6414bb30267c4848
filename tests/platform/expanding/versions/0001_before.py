"""Where the example begins: a table that has been in use for long."""

from alembic import op

revision = "0001_before"
down_revision = None


def upgrade() -> None:
    """Forward only: a way back is a new revision."""
    op.execute(
        """
        CREATE TABLE expanding.work (
            id BIGINT GENERATED ALWAYS AS IDENTITY,
            minutes INTEGER NOT NULL,
            PRIMARY KEY (id)
        )
        """
    )
