"""Indexes for lists of what is snoozed and of what is about a product.

Nothing here stops a reader or writer, and each statement stands by itself, outside of any transaction: an upgrade that
is stopped half-way is simply run again.
"""

from alembic import op

revision = "0007"
down_revision = "0006"

INDEXES = (
    """
    CREATE INDEX CONCURRENTLY ticket_snoozed ON intake.ticket (updated_at desc, number desc)
        WHERE snoozed_until is not null
    """,
    """
    CREATE INDEX CONCURRENTLY ticket_product ON intake.ticket (product_id, updated_at desc)
        WHERE product_id is not null
    """,
)


def upgrade() -> None:
    """Forward only: a way back is a new revision."""
    with op.get_context().autocommit_block():
        for statement in INDEXES:
            name = statement.split()[3]
            # A build that was interrupted leaves an index that is there but of no use.
            op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS intake.{name}")
            op.execute(statement)
