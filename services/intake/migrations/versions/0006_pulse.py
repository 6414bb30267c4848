"""When the desk last lived, so that it can tell afterwards that it was down."""

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Forward only: a way back is a new revision."""
    op.execute(
        """
        CREATE TABLE intake.pulse (
            id INTEGER NOT NULL,
            at TIMESTAMP WITH TIME ZONE NOT NULL,
            PRIMARY KEY (id)
        )
        """
    )
