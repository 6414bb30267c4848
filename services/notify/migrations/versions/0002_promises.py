"""Roles, teams and muted notices; what mails about promises are held against.

Runs beside the former version: it goes on reading `notices`, so that column keeps what it knows; what somebody turned
off there stays off. Columns are added empty, which rewrites nothing.
"""

from alembic import op

revision = "0002"
down_revision = "0001"

STATEMENTS = (
    """
    ALTER TABLE notify.subscription
        ADD COLUMN muted TEXT[],
        ADD COLUMN role TEXT,
        ALTER COLUMN notices SET DEFAULT '{assigned,bad_rating,new_ticket,reply}'
    """,
    """
    UPDATE notify.subscription
    SET muted = array(
        SELECT known FROM unnest(ARRAY['assigned', 'bad_rating', 'new_ticket', 'reply']) AS known
        WHERE known <> ALL (notices)
    )
    WHERE NOT notices @> ARRAY['assigned', 'bad_rating', 'new_ticket', 'reply']
    """,
    """
    CREATE TABLE notify.team (
        team_id UUID NOT NULL,
        members UUID[] NOT NULL,
        changed_at TIMESTAMP WITH TIME ZONE NOT NULL,
        PRIMARY KEY (team_id)
    )
    """,
    """
    ALTER TABLE notify.known_ticket ADD COLUMN priority TEXT, ADD COLUMN marks JSONB
    """,
)


def upgrade() -> None:
    """Forward only: a way back is a new revision."""
    for statement in STATEMENTS:
        op.execute(statement)
