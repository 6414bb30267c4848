"""Tickets, people, what is said, and the outbox."""

from alembic import op

revision = "0001"
down_revision = None

STATEMENTS = (
    """
    CREATE SEQUENCE intake.ticket_number
    """,
    """
    CREATE TABLE intake.blob (
        key TEXT NOT NULL,
        content BYTEA NOT NULL,
        PRIMARY KEY (key)
    )
    """,
    """
    CREATE TABLE intake.consumed_event (
        consumer TEXT NOT NULL,
        event_id UUID NOT NULL,
        consumed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        PRIMARY KEY (consumer, event_id)
    )
    """,
    """
    CREATE TABLE intake.idempotency_key (
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
    CREATE INDEX ix_intake_idempotency_key_created_at ON intake.idempotency_key (created_at)
    """,
    """
    CREATE TABLE intake.organisation (
        id UUID NOT NULL,
        name TEXT NOT NULL,
        created_at TIMESTAMP WITH TIME ZONE NOT NULL,
        PRIMARY KEY (id)
    )
    """,
    """
    CREATE UNIQUE INDEX organisation_name ON intake.organisation (lower(name))
    """,
    """
    CREATE TABLE intake.outbox (
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
    CREATE INDEX outbox_unsent ON intake.outbox (sink, due_at, id) WHERE sent_at is null
    """,
    """
    CREATE INDEX outbox_sent ON intake.outbox (sink, sent_at) WHERE sent_at is not null
    """,
    """
    CREATE TABLE intake.service_token (
        id UUID NOT NULL,
        name TEXT NOT NULL,
        created_at TIMESTAMP WITH TIME ZONE NOT NULL,
        revoked_at TIMESTAMP WITH TIME ZONE,
        PRIMARY KEY (id)
    )
    """,
    """
    CREATE TABLE intake.suggestion (
        ticket_number BIGINT NOT NULL,
        articles JSONB NOT NULL,
        PRIMARY KEY (ticket_number)
    )
    """,
    """
    CREATE TABLE intake.person (
        id UUID NOT NULL,
        name TEXT NOT NULL,
        email TEXT,
        language TEXT NOT NULL,
        role TEXT NOT NULL,
        organisation_id UUID,
        active BOOLEAN DEFAULT 'true' NOT NULL,
        password_hash TEXT,
        session_epoch INTEGER DEFAULT '0' NOT NULL,
        created_at TIMESTAMP WITH TIME ZONE NOT NULL,
        PRIMARY KEY (id),
        FOREIGN KEY(organisation_id) REFERENCES intake.organisation (id)
    )
    """,
    """
    CREATE UNIQUE INDEX person_email ON intake.person (lower(email))
    """,
    """
    CREATE INDEX person_name ON intake.person (lower(name), id)
    """,
    """
    CREATE INDEX person_organisation ON intake.person (organisation_id)
    """,
    """
    CREATE TABLE intake.ticket (
        number BIGINT NOT NULL,
        version INTEGER NOT NULL,
        subject TEXT NOT NULL,
        status TEXT NOT NULL,
        closed_reason TEXT,
        kind TEXT NOT NULL,
        priority TEXT NOT NULL,
        channel TEXT NOT NULL,
        language TEXT NOT NULL,
        requester_id UUID NOT NULL,
        assignee_id UUID,
        organisation_id UUID,
        opened_at TIMESTAMP WITH TIME ZONE NOT NULL,
        updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
        asked_at TIMESTAMP WITH TIME ZONE,
        reminded_at TIMESTAMP WITH TIME ZONE,
        solved_at TIMESTAMP WITH TIME ZONE,
        surveyed_at TIMESTAMP WITH TIME ZONE,
        reopened INTEGER DEFAULT '0' NOT NULL,
        follow_up_of BIGINT,
        rating JSONB,
        policy JSONB NOT NULL,
        subject_words TSVECTOR GENERATED ALWAYS AS (to_tsvector('simple', subject)) STORED,
        PRIMARY KEY (number),
        FOREIGN KEY(requester_id) REFERENCES intake.person (id),
        FOREIGN KEY(assignee_id) REFERENCES intake.person (id),
        FOREIGN KEY(organisation_id) REFERENCES intake.organisation (id),
        FOREIGN KEY(follow_up_of) REFERENCES intake.ticket (number)
    )
    """,
    """
    CREATE INDEX ticket_at_work ON intake.ticket (assignee_id, updated_at desc, number desc)
        WHERE status in ('new', 'open', 'pending', 'parked')
    """,
    """
    CREATE INDEX ticket_assignee ON intake.ticket (assignee_id, status, updated_at desc)
    """,
    """
    CREATE INDEX ticket_follow_up ON intake.ticket (follow_up_of) WHERE follow_up_of is not null
    """,
    """
    CREATE INDEX ticket_newest ON intake.ticket (updated_at desc, number desc)
    """,
    """
    CREATE INDEX ticket_organisation ON intake.ticket (organisation_id, updated_at desc)
    """,
    """
    CREATE INDEX ticket_requester ON intake.ticket (requester_id, updated_at desc)
    """,
    """
    CREATE INDEX ticket_status ON intake.ticket (status, updated_at desc, number desc)
    """,
    """
    CREATE INDEX ticket_subject_words ON intake.ticket USING gin (subject_words)
    """,
    """
    CREATE TABLE intake.comment (
        id UUID NOT NULL,
        ticket_number BIGINT NOT NULL,
        public BOOLEAN NOT NULL,
        channel TEXT NOT NULL,
        text TEXT NOT NULL,
        html TEXT,
        message_id TEXT,
        words TSVECTOR GENERATED ALWAYS AS (to_tsvector('simple', left(text, 100000))) STORED,
        PRIMARY KEY (id),
        FOREIGN KEY(ticket_number) REFERENCES intake.ticket (number)
    )
    """,
    """
    CREATE INDEX comment_message_id ON intake.comment USING hash (message_id)
    """,
    """
    CREATE INDEX comment_ticket ON intake.comment (ticket_number)
    """,
    """
    CREATE INDEX comment_words ON intake.comment USING gin (words)
    """,
    """
    CREATE TABLE intake.received_mail (
        key TEXT NOT NULL,
        ticket_number BIGINT,
        refused TEXT,
        received_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        PRIMARY KEY (key),
        FOREIGN KEY(ticket_number) REFERENCES intake.ticket (number)
    )
    """,
    """
    CREATE TABLE intake.attachment (
        id UUID NOT NULL,
        comment_id UUID,
        uploader TEXT NOT NULL,
        name TEXT NOT NULL,
        content_type TEXT NOT NULL,
        size BIGINT NOT NULL,
        blob TEXT NOT NULL,
        created_at TIMESTAMP WITH TIME ZONE NOT NULL,
        PRIMARY KEY (id),
        FOREIGN KEY(comment_id) REFERENCES intake.comment (id)
    )
    """,
    """
    CREATE INDEX attachment_comment ON intake.attachment (comment_id)
    """,
    """
    CREATE INDEX attachment_unused ON intake.attachment (created_at) WHERE comment_id is null
    """,
    """
    CREATE TABLE intake.timeline (
        id BIGINT GENERATED ALWAYS AS IDENTITY,
        ticket_number BIGINT NOT NULL,
        version INTEGER NOT NULL,
        at TIMESTAMP WITH TIME ZONE NOT NULL,
        type TEXT NOT NULL,
        actor JSONB NOT NULL,
        public BOOLEAN NOT NULL,
        facts JSONB NOT NULL,
        comment_id UUID,
        PRIMARY KEY (id),
        FOREIGN KEY(ticket_number) REFERENCES intake.ticket (number),
        FOREIGN KEY(comment_id) REFERENCES intake.comment (id)
    )
    """,
    """
    CREATE INDEX timeline_ticket ON intake.timeline (ticket_number, id)
    """,
)


def upgrade() -> None:
    """Forward only: a way back is a new revision."""
    for statement in STATEMENTS:
        op.execute(statement)
