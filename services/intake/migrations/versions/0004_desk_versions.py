"""Teams that work no longer, and versions of teams and products, so that two people do not change one at once.

Safe while Balie runs: every column is added with a constant.
"""

from alembic import op

revision = "0004"
down_revision = "0003"

COLUMNS = (
    """
    ALTER TABLE intake.team
        ADD COLUMN version INTEGER DEFAULT '1' NOT NULL,
        ADD COLUMN active BOOLEAN DEFAULT 'true' NOT NULL
    """,
    """
    ALTER TABLE intake.product
        ADD COLUMN version INTEGER DEFAULT '1' NOT NULL
    """,
)


def upgrade() -> None:
    """Forward only: a way back is a new revision."""
    for statement in COLUMNS:
        op.execute(statement)
