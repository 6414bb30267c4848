"""People choose a time zone, and each mail is written in that of its reader."""

from alembic import op

revision = "0002_zone_of_person"
down_revision = "0001_notifications"


def upgrade() -> None:
    """Add `subscription.zone`. A nullable column without a default touches no row; older code does not write it."""
    op.execute("ALTER TABLE notify.subscription ADD COLUMN zone TEXT")
