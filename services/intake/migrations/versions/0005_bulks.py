"""Bulks: one command carried out on many tickets. New tables only, so safe while Balie runs."""

from alembic import op

revision = "0005"
down_revision = "0004"

STATEMENTS = (
    """
    CREATE TABLE intake.bulk (
        id UUID NOT NULL,
        command TEXT NOT NULL,
        facts JSONB NOT NULL,
        by JSONB NOT NULL,
        state TEXT NOT NULL,
        per_second INTEGER NOT NULL,
        correlation_id TEXT DEFAULT '' NOT NULL,
        created_at TIMESTAMP WITH TIME ZONE NOT NULL,
        finished_at TIMESTAMP WITH TIME ZONE,
        undone_by JSONB,
        total INTEGER NOT NULL,
        done INTEGER DEFAULT '0' NOT NULL,
        refused INTEGER DEFAULT '0' NOT NULL,
        undone INTEGER DEFAULT '0' NOT NULL,
        kept INTEGER DEFAULT '0' NOT NULL,
        PRIMARY KEY (id)
    )
    """,
    """
    CREATE INDEX bulk_newest ON intake.bulk (created_at desc, id desc)
    """,
    """
    CREATE INDEX bulk_ship ON intake.bulk ((facts ->> 'release')) WHERE command = 'ship'
    """,
    """
    CREATE TABLE intake.bulk_task (
        bulk_id UUID NOT NULL,
        ticket_number BIGINT NOT NULL,
        state TEXT DEFAULT 'pending' NOT NULL,
        version INTEGER,
        former JSONB,
        sentence TEXT,
        done_at TIMESTAMP WITH TIME ZONE,
        PRIMARY KEY (bulk_id, ticket_number),
        FOREIGN KEY(bulk_id) REFERENCES intake.bulk (id)
    )
    """,
    """
    CREATE INDEX bulk_task_state ON intake.bulk_task (bulk_id, state, ticket_number)
    """,
)


def upgrade() -> None:
    """Forward only: a way back is a new revision."""
    for statement in STATEMENTS:
        op.execute(statement)
