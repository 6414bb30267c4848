"""Until when each ticket's clock sleeps, so that it is told only of what it would oversleep."""

from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Forward only: a way back is a new revision. A ticket without is told of its next change, whatever that is."""
    op.execute("ALTER TABLE intake.ticket ADD COLUMN wakes_at TIMESTAMP WITH TIME ZONE")
