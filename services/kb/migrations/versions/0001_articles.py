"""Articles, their translations, what readers think of them, and the outbox."""

from alembic import op

revision = "0001_articles"
down_revision = None

STATEMENTS = (
    """
    CREATE SEQUENCE kb.change
    """,
    """
    CREATE TABLE kb.article (
        slug TEXT NOT NULL,
        kind TEXT NOT NULL,
        shipped BOOLEAN DEFAULT 'false' NOT NULL,
        created_at TIMESTAMP WITH TIME ZONE NOT NULL,
        PRIMARY KEY (slug)
    )
    """,
    """
    CREATE TABLE kb.translation (
        slug TEXT NOT NULL,
        language TEXT NOT NULL,
        title TEXT NOT NULL,
        summary TEXT NOT NULL,
        markdown TEXT NOT NULL,
        revision INTEGER NOT NULL,
        change BIGINT NOT NULL,
        shipped_digest TEXT,
        updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
        PRIMARY KEY (slug, language),
        FOREIGN KEY(slug) REFERENCES kb.article (slug)
    )
    """,
    """
    CREATE UNIQUE INDEX translation_change ON kb.translation (change)
    """,
    """
    CREATE TABLE kb.feedback (
        id BIGINT GENERATED ALWAYS AS IDENTITY,
        slug TEXT NOT NULL,
        language TEXT NOT NULL,
        helpful BOOLEAN NOT NULL,
        comment TEXT NOT NULL,
        person_id UUID,
        given_at TIMESTAMP WITH TIME ZONE NOT NULL,
        PRIMARY KEY (id),
        FOREIGN KEY(slug, language) REFERENCES kb.translation (slug, language)
    )
    """,
    """
    CREATE UNIQUE INDEX feedback_person ON kb.feedback (slug, person_id)
    """,
    """
    CREATE TABLE kb.outbox (
        id BIGINT GENERATED ALWAYS AS IDENTITY,
        sink TEXT NOT NULL,
        key TEXT NOT NULL,
        payload JSONB NOT NULL,
        correlation_id TEXT DEFAULT '' NOT NULL,
        created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        due_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        attempts INTEGER DEFAULT '0' NOT NULL,
        last_error TEXT,
        sent_at TIMESTAMP WITH TIME ZONE,
        PRIMARY KEY (id)
    )
    """,
    """
    CREATE INDEX outbox_unsent ON kb.outbox (sink, due_at, id) WHERE sent_at is null
    """,
    """
    CREATE INDEX outbox_sent ON kb.outbox (sink, sent_at) WHERE sent_at is not null
    """,
    """
    CREATE TABLE kb.consumed_event (
        consumer TEXT NOT NULL,
        event_id UUID NOT NULL,
        consumed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        PRIMARY KEY (consumer, event_id)
    )
    """,
    """
    CREATE TABLE kb.idempotency_key (
        caller TEXT NOT NULL,
        key TEXT NOT NULL,
        fingerprint TEXT NOT NULL,
        status INTEGER,
        body JSONB,
        headers JSONB,
        created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        PRIMARY KEY (caller, key)
    )
    """,
    """
    CREATE INDEX ix_kb_idempotency_key_created_at ON kb.idempotency_key (created_at)
    """,
)


def upgrade() -> None:
    """Forward only: a way back is a new revision."""
    for statement in STATEMENTS:
        op.execute(statement)
