"""Everything notify keeps, as of 0.1.0: subscriptions, what is known of tickets, notifications, tries to deliver."""

from alembic import op

revision = "0001_notifications"
down_revision = None

STATEMENTS = (
    """
    CREATE TABLE notify.subscription (
        person_id UUID NOT NULL,
        name TEXT NOT NULL,
        email TEXT,
        language TEXT NOT NULL,
        active BOOLEAN NOT NULL,
        changed_at TIMESTAMP WITH TIME ZONE NOT NULL,
        muted TEXT[],
        role TEXT,
        PRIMARY KEY (person_id)
    )
    """,
    """
    CREATE INDEX subscription_active ON notify.subscription (person_id) WHERE active
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
    CREATE TABLE notify.known_ticket (
        number BIGINT NOT NULL,
        version INTEGER NOT NULL,
        status TEXT NOT NULL,
        closed_reason TEXT,
        assignee_id UUID,
        turn INTEGER NOT NULL,
        priority TEXT,
        marks JSONB,
        PRIMARY KEY (number)
    )
    """,
    """
    CREATE TABLE notify.suggestion (
        ticket_number BIGINT NOT NULL,
        articles JSONB NOT NULL,
        PRIMARY KEY (ticket_number)
    )
    """,
    """
    CREATE TABLE notify.notification (
        id UUID NOT NULL,
        event_id UUID NOT NULL,
        template TEXT NOT NULL,
        recipient JSONB NOT NULL,
        mailbox TEXT NOT NULL,
        ticket_number BIGINT,
        content JSONB NOT NULL,
        correlation_id TEXT NOT NULL,
        message_id TEXT NOT NULL,
        state TEXT NOT NULL,
        reason TEXT DEFAULT '' NOT NULL,
        attempts INTEGER DEFAULT '0' NOT NULL,
        happened_at TIMESTAMP WITH TIME ZONE NOT NULL,
        planned_at TIMESTAMP WITH TIME ZONE NOT NULL,
        due_at TIMESTAMP WITH TIME ZONE NOT NULL,
        ended_at TIMESTAMP WITH TIME ZONE,
        PRIMARY KEY (id),
        UNIQUE (message_id)
    )
    """,
    """
    CREATE INDEX notification_due ON notify.notification (due_at) WHERE state = 'queued'
    """,
    """
    CREATE INDEX notification_mailbox ON notify.notification (mailbox, happened_at)
    """,
    """
    CREATE INDEX notification_ticket ON notify.notification (ticket_number)
    """,
    """
    CREATE INDEX notification_ended ON notify.notification (state, ended_at) WHERE state in ('failed', 'suppressed')
    """,
    """
    CREATE INDEX notification_sent ON notify.notification (ended_at) WHERE state = 'sent'
    """,
    """
    CREATE TABLE notify.delivery_attempt (
        id BIGINT GENERATED ALWAYS AS IDENTITY,
        notification_id UUID NOT NULL,
        attempt INTEGER NOT NULL,
        started_at TIMESTAMP WITH TIME ZONE NOT NULL,
        ended_at TIMESTAMP WITH TIME ZONE,
        outcome TEXT,
        answer TEXT,
        PRIMARY KEY (id),
        FOREIGN KEY(notification_id) REFERENCES notify.notification (id) ON DELETE CASCADE
    )
    """,
    """
    CREATE UNIQUE INDEX delivery_attempt_of ON notify.delivery_attempt (notification_id, attempt)
    """,
    """
    CREATE TABLE notify.consumed_event (
        consumer TEXT NOT NULL,
        event_id UUID NOT NULL,
        consumed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        PRIMARY KEY (consumer, event_id)
    )
    """,
    """
    CREATE INDEX consumed_event_at ON notify.consumed_event (consumed_at)
    """,
)


def upgrade() -> None:
    """Forward only: a way back is a new revision."""
    for statement in STATEMENTS:
        op.execute(statement)
