"""People choose a time zone."""

from alembic import op

revision = "0002_zone_of_person"
down_revision = "0001_tickets"


def upgrade() -> None:
    """Add `person.zone`. A nullable column without a default touches no row; older code does not write it."""
    op.execute("ALTER TABLE intake.person ADD COLUMN zone TEXT")
