"""Finding what is old enough to forget, built beside the writers: nothing waits for it."""

from alembic import op

revision = "0003"
down_revision = "0002"

# One that was left half built by a failed run is not there for anybody, and in the way.
STATEMENTS = (
    "DROP INDEX CONCURRENTLY IF EXISTS notify.notification_sent",
    "CREATE INDEX CONCURRENTLY notification_sent ON notify.notification (ended_at) WHERE state = 'sent'",
    "DROP INDEX CONCURRENTLY IF EXISTS notify.consumed_event_at",
    "CREATE INDEX CONCURRENTLY consumed_event_at ON notify.consumed_event (consumed_at)",
)


def upgrade() -> None:
    """Forward only: a way back is a new revision."""
    with op.get_context().autocommit_block():
        for statement in STATEMENTS:
            op.execute(statement)
