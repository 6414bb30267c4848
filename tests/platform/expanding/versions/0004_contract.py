"""Contract, a release later: `minutes` goes, as no code that runs reads or writes it any more.

Each statement stands by itself, so that a lock lasts for one of them only, and can be run again.
"""

from alembic import op

revision = "0004_contract"
down_revision = "0003_migrate"

STATEMENTS = (
    # Checked beside the writers; with this known, SET NOT NULL need not read the table under its lock.
    "ALTER TABLE expanding.work DROP CONSTRAINT IF EXISTS seconds_known",
    "ALTER TABLE expanding.work ADD CONSTRAINT seconds_known CHECK (seconds IS NOT NULL) NOT VALID",
    "ALTER TABLE expanding.work VALIDATE CONSTRAINT seconds_known",
    "ALTER TABLE expanding.work ALTER COLUMN seconds SET NOT NULL",
    "ALTER TABLE expanding.work DROP CONSTRAINT seconds_known",
    # The column first becomes optional: without the trigger, new code writes no minutes.
    "ALTER TABLE expanding.work ALTER COLUMN minutes DROP NOT NULL",
    "DROP TRIGGER IF EXISTS keep_both ON expanding.work",
    "DROP FUNCTION IF EXISTS expanding.keep_both",
    "ALTER TABLE expanding.work DROP COLUMN minutes",
)


def upgrade() -> None:
    """Forward only: a way back is a new revision."""
    with op.get_context().autocommit_block():
        for statement in STATEMENTS:
            op.execute(statement)
