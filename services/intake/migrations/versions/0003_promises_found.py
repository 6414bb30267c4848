"""Keys and indexes for what revision 0002 added.

Nothing here stops a reader or writer, and each statement stands by itself, outside of any transaction: an upgrade that
is stopped half-way is simply run again.
"""

from alembic import op

revision = "0003"
down_revision = "0002"

VALIDATIONS = (
    """
    ALTER TABLE intake.ticket VALIDATE CONSTRAINT ticket_policy_version_fkey
    """,
    """
    ALTER TABLE intake.ticket VALIDATE CONSTRAINT ticket_snoozed_by_id_fkey
    """,
    """
    ALTER TABLE intake.ticket VALIDATE CONSTRAINT ticket_team_id_fkey
    """,
    """
    ALTER TABLE intake.ticket VALIDATE CONSTRAINT ticket_product_id_fkey
    """,
    """
    ALTER TABLE intake.ticket VALIDATE CONSTRAINT ticket_merged_into_fkey
    """,
    """
    ALTER TABLE intake.ticket VALIDATE CONSTRAINT ticket_problem_fkey
    """,
    """
    ALTER TABLE intake.organisation VALIDATE CONSTRAINT organisation_contract_id_fkey
    """,
)

INDEXES = (
    """
    CREATE INDEX CONCURRENTLY ticket_merged_into ON intake.ticket (merged_into) WHERE merged_into is not null
    """,
    """
    CREATE INDEX CONCURRENTLY ticket_problem ON intake.ticket (problem) WHERE problem is not null
    """,
    """
    CREATE INDEX CONCURRENTLY ticket_parked ON intake.ticket (release) WHERE status = 'parked'
    """,
    """
    CREATE INDEX CONCURRENTLY ticket_tags ON intake.ticket USING gin (tags)
    """,
    """
    CREATE INDEX CONCURRENTLY ticket_team ON intake.ticket (team_id, status, updated_at desc)
    """,
    """
    CREATE INDEX CONCURRENTLY ticket_next_breach ON intake.ticket (next_breach_at, number)
        WHERE next_breach_at is not null
    """,
    """
    CREATE INDEX CONCURRENTLY ticket_next_deadline ON intake.ticket (next_deadline_at)
        WHERE next_deadline_at is not null
    """,
    """
    CREATE INDEX CONCURRENTLY ticket_policy ON intake.ticket (policy_version) WHERE status <> 'closed'
    """,
    """
    CREATE INDEX CONCURRENTLY organisation_contract ON intake.organisation (contract_id)
    """,
)


def upgrade() -> None:
    """Forward only: a way back is a new revision."""
    with op.get_context().autocommit_block():
        for statement in VALIDATIONS:
            op.execute(statement)
        for statement in INDEXES:
            name = statement.split()[3]
            # A build that was interrupted leaves an index that is there but of no use.
            op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS intake.{name}")
            op.execute(statement)
