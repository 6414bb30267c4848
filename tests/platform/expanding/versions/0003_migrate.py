"""Migrate: what the rows from before hold is moved, a batch at a time, each a transaction of its own.

A writer waits for one batch at the most. Stopped half-way it is run again: what is moved already is passed over.
"""

from alembic import op
from sqlalchemy import text

revision = "0003_migrate"
down_revision = "0002_expand"

ROWS_AT_ONCE = 500
MOVE = text(
    """
    WITH batch AS (SELECT id FROM expanding.work WHERE id > :after ORDER BY id LIMIT :rows),
    moved AS (
        UPDATE expanding.work SET seconds = minutes * 60 FROM batch WHERE work.id = batch.id AND seconds IS NULL
    )
    SELECT max(id) FROM batch
    """
)


def upgrade() -> None:
    """Forward only: a way back is a new revision."""
    with op.get_context().autocommit_block():
        after: int | None = 0
        while after is not None:
            after = op.get_bind().execute(MOVE, {"after": after, "rows": ROWS_AT_ONCE}).scalar_one()
