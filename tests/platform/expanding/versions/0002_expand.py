"""Expand: `seconds` beside `minutes`. The code before goes on as if nothing had happened; the code after may start.

Each statement stands by itself, outside of any transaction, so that a lock lasts for one of them only: an upgrade that
is stopped half-way is simply run again.
"""

from alembic import op

revision = "0002_expand"
down_revision = "0001_before"

STATEMENTS = (
    # Nullable and without a default that must be computed: no row is written anew.
    "ALTER TABLE expanding.work ADD COLUMN IF NOT EXISTS seconds INTEGER",
    # Whichever code writes, both columns tell the same: else a row moved already would be out of date.
    """
    CREATE OR REPLACE FUNCTION expanding.keep_both() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF tg_op = 'INSERT' THEN
            new.seconds := coalesce(new.seconds, new.minutes * 60);
            new.minutes := coalesce(new.minutes, new.seconds / 60);
        ELSIF new.seconds IS DISTINCT FROM old.seconds THEN
            new.minutes := new.seconds / 60;
        ELSIF new.minutes IS DISTINCT FROM old.minutes THEN
            new.seconds := new.minutes * 60;
        END IF;
        RETURN new;
    END $$
    """,
    """
    CREATE OR REPLACE TRIGGER keep_both BEFORE INSERT OR UPDATE ON expanding.work
        FOR EACH ROW EXECUTE FUNCTION expanding.keep_both()
    """,
    # A build that was interrupted leaves an index that is there but of no use.
    "DROP INDEX CONCURRENTLY IF EXISTS expanding.work_seconds",
    "CREATE INDEX CONCURRENTLY work_seconds ON expanding.work (seconds)",
)


def upgrade() -> None:
    """Forward only: a way back is a new revision."""
    with op.get_context().autocommit_block():
        for statement in STATEMENTS:
            op.execute(statement)
