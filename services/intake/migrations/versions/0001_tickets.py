"""Everything intake keeps, as of 0.1.0: agreements, people, tickets and what is said in them, bulks, messages."""

from alembic import op

revision = "0001_tickets"
down_revision = None

AGREEMENTS = (
    """
    CREATE TABLE intake.calendar (
        id UUID NOT NULL,
        name TEXT NOT NULL,
        version INTEGER DEFAULT '1' NOT NULL,
        terms JSONB NOT NULL,
        changed_at TIMESTAMP WITH TIME ZONE NOT NULL,
        PRIMARY KEY (id)
    )
    """,
    """
    CREATE UNIQUE INDEX calendar_name ON intake.calendar (lower(name))
    """,
    """
    CREATE TABLE intake.contract (
        id UUID NOT NULL,
        name TEXT NOT NULL,
        version INTEGER DEFAULT '1' NOT NULL,
        terms JSONB NOT NULL,
        calendar_id UUID,
        changed_at TIMESTAMP WITH TIME ZONE NOT NULL,
        PRIMARY KEY (id),
        FOREIGN KEY(calendar_id) REFERENCES intake.calendar (id)
    )
    """,
    """
    CREATE INDEX contract_calendar ON intake.contract (calendar_id)
    """,
    """
    CREATE UNIQUE INDEX contract_name ON intake.contract (lower(name))
    """,
    """
    CREATE TABLE intake.product (
        id UUID NOT NULL,
        name TEXT NOT NULL,
        form JSONB NOT NULL,
        active BOOLEAN DEFAULT 'true' NOT NULL,
        changed_at TIMESTAMP WITH TIME ZONE NOT NULL,
        version INTEGER DEFAULT '1' NOT NULL,
        PRIMARY KEY (id)
    )
    """,
    """
    CREATE UNIQUE INDEX product_name ON intake.product (lower(name))
    """,
    """
    CREATE TABLE intake.contract_product (
        contract_id UUID NOT NULL,
        product_id UUID NOT NULL,
        PRIMARY KEY (contract_id, product_id),
        FOREIGN KEY(contract_id) REFERENCES intake.contract (id),
        FOREIGN KEY(product_id) REFERENCES intake.product (id)
    )
    """,
    """
    CREATE INDEX contract_product_product ON intake.contract_product (product_id)
    """,
    """
    CREATE TABLE intake.policy (
        version TEXT NOT NULL,
        body JSONB NOT NULL,
        PRIMARY KEY (version)
    )
    """,
)

PEOPLE = (
    """
    CREATE TABLE intake.organisation (
        id UUID NOT NULL,
        name TEXT NOT NULL,
        created_at TIMESTAMP WITH TIME ZONE NOT NULL,
        contract_id UUID,
        PRIMARY KEY (id),
        FOREIGN KEY(contract_id) REFERENCES intake.contract (id)
    )
    """,
    """
    CREATE UNIQUE INDEX organisation_name ON intake.organisation (lower(name))
    """,
    """
    CREATE INDEX organisation_contract ON intake.organisation (contract_id)
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
    CREATE TABLE intake.team (
        id UUID NOT NULL,
        name TEXT NOT NULL,
        round_robin BOOLEAN DEFAULT 'false' NOT NULL,
        changed_at TIMESTAMP WITH TIME ZONE NOT NULL,
        version INTEGER DEFAULT '1' NOT NULL,
        active BOOLEAN DEFAULT 'true' NOT NULL,
        PRIMARY KEY (id)
    )
    """,
    """
    CREATE UNIQUE INDEX team_name ON intake.team (lower(name))
    """,
    """
    CREATE TABLE intake.team_member (
        team_id UUID NOT NULL,
        person_id UUID NOT NULL,
        assigned_at TIMESTAMP WITH TIME ZONE,
        PRIMARY KEY (team_id, person_id),
        FOREIGN KEY(team_id) REFERENCES intake.team (id),
        FOREIGN KEY(person_id) REFERENCES intake.person (id)
    )
    """,
    """
    CREATE INDEX team_member_person ON intake.team_member (person_id)
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
)

TICKETS = (
    """
    CREATE SEQUENCE intake.ticket_number
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
        subject_words TSVECTOR GENERATED ALWAYS AS (to_tsvector('simple', subject)) STORED,
        policy_version TEXT,
        asked_priority TEXT,
        path JSONB,
        replied_at TIMESTAMP WITH TIME ZONE,
        waits_since TIMESTAMP WITH TIME ZONE,
        alerts JSONB DEFAULT '[]' NOT NULL,
        overrides JSONB DEFAULT '[]' NOT NULL,
        mail_down INTERVAL DEFAULT '0' NOT NULL,
        snoozed_until TIMESTAMP WITH TIME ZONE,
        snoozed_by_id UUID,
        team_id UUID,
        product_id UUID,
        fields JSONB DEFAULT '{}' NOT NULL,
        tags TEXT[] DEFAULT '{}' NOT NULL,
        lowered INTEGER DEFAULT '0' NOT NULL,
        merged_into BIGINT,
        problem BIGINT,
        parking JSONB,
        release TEXT,
        next_deadline_at TIMESTAMP WITH TIME ZONE,
        next_breach_at TIMESTAMP WITH TIME ZONE,
        wakes_at TIMESTAMP WITH TIME ZONE,
        PRIMARY KEY (number),
        FOREIGN KEY(requester_id) REFERENCES intake.person (id),
        FOREIGN KEY(assignee_id) REFERENCES intake.person (id),
        FOREIGN KEY(organisation_id) REFERENCES intake.organisation (id),
        FOREIGN KEY(follow_up_of) REFERENCES intake.ticket (number),
        FOREIGN KEY(policy_version) REFERENCES intake.policy (version),
        FOREIGN KEY(snoozed_by_id) REFERENCES intake.person (id),
        FOREIGN KEY(team_id) REFERENCES intake.team (id),
        FOREIGN KEY(product_id) REFERENCES intake.product (id),
        FOREIGN KEY(merged_into) REFERENCES intake.ticket (number),
        FOREIGN KEY(problem) REFERENCES intake.ticket (number)
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
    CREATE INDEX ticket_merged_into ON intake.ticket (merged_into) WHERE merged_into is not null
    """,
    """
    CREATE INDEX ticket_problem ON intake.ticket (problem) WHERE problem is not null
    """,
    """
    CREATE INDEX ticket_parked ON intake.ticket (release) WHERE status = 'parked'
    """,
    """
    CREATE INDEX ticket_tags ON intake.ticket USING gin (tags)
    """,
    """
    CREATE INDEX ticket_team ON intake.ticket (team_id, status, updated_at desc)
    """,
    """
    CREATE INDEX ticket_next_breach ON intake.ticket (next_breach_at, number)
        WHERE next_breach_at is not null
    """,
    """
    CREATE INDEX ticket_next_deadline ON intake.ticket (next_deadline_at)
        WHERE next_deadline_at is not null
    """,
    """
    CREATE INDEX ticket_policy ON intake.ticket (policy_version) WHERE status <> 'closed'
    """,
    """
    CREATE INDEX ticket_snoozed ON intake.ticket (updated_at desc, number desc)
        WHERE snoozed_until is not null
    """,
    """
    CREATE INDEX ticket_product ON intake.ticket (product_id, updated_at desc)
        WHERE product_id is not null
    """,
    """
    CREATE TABLE intake.participant (
        ticket_number BIGINT NOT NULL,
        person_id UUID NOT NULL,
        part TEXT NOT NULL,
        PRIMARY KEY (ticket_number, person_id, part),
        FOREIGN KEY(ticket_number) REFERENCES intake.ticket (number),
        FOREIGN KEY(person_id) REFERENCES intake.person (id)
    )
    """,
    """
    CREATE INDEX participant_person ON intake.participant (person_id, part)
    """,
)

WHAT_IS_SAID = (
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
    CREATE TABLE intake.blob (
        key TEXT NOT NULL,
        content BYTEA NOT NULL,
        PRIMARY KEY (key)
    )
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
    CREATE TABLE intake.suggestion (
        ticket_number BIGINT NOT NULL,
        articles JSONB NOT NULL,
        PRIMARY KEY (ticket_number)
    )
    """,
)

BULKS = (
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

THE_DESK_ITSELF = (
    """
    CREATE TABLE intake.mail_outage (
        id INTEGER GENERATED ALWAYS AS IDENTITY,
        began_at TIMESTAMP WITH TIME ZONE NOT NULL,
        ended_at TIMESTAMP WITH TIME ZONE,
        reason TEXT NOT NULL,
        PRIMARY KEY (id)
    )
    """,
    """
    CREATE INDEX mail_outage_ended ON intake.mail_outage (ended_at)
    """,
    """
    CREATE TABLE intake.pulse (
        id INTEGER NOT NULL,
        at TIMESTAMP WITH TIME ZONE NOT NULL,
        PRIMARY KEY (id)
    )
    """,
)

MESSAGES = (
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
)


def upgrade() -> None:
    """Forward only: a way back is a new revision."""
    for statement in (*AGREEMENTS, *PEOPLE, *TICKETS, *WHAT_IS_SAID, *BULKS, *THE_DESK_ITSELF, *MESSAGES):
        op.execute(statement)
