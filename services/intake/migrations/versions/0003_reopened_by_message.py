"""A reopening by a message can be taken back."""

from alembic import op

revision = "0003_reopened_by_message"
down_revision = "0002_zone_of_person"


def upgrade() -> None:
    """Add `ticket.reopened_from`. A nullable column without a default touches no row; older code does not write it."""
    op.execute("ALTER TABLE intake.ticket ADD COLUMN reopened_from JSONB")
