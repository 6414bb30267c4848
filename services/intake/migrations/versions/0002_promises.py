"""Contracts, calendars, teams, products, and what a ticket's promises depend on.

Safe while Balie runs: columns are added empty or with a constant, and keys are checked by the next revision. Rows of
the first version stay as they are; `store.read_ticket` understands them.
"""

from alembic import op

revision = "0002"
down_revision = "0001"

TABLES_AND_COLUMNS = (
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
    CREATE TABLE intake.policy (
        version TEXT NOT NULL,
        body JSONB NOT NULL,
        PRIMARY KEY (version)
    )
    """,
    """
    CREATE TABLE intake.product (
        id UUID NOT NULL,
        name TEXT NOT NULL,
        form JSONB NOT NULL,
        active BOOLEAN DEFAULT 'true' NOT NULL,
        changed_at TIMESTAMP WITH TIME ZONE NOT NULL,
        PRIMARY KEY (id)
    )
    """,
    """
    CREATE UNIQUE INDEX product_name ON intake.product (lower(name))
    """,
    """
    CREATE TABLE intake.team (
        id UUID NOT NULL,
        name TEXT NOT NULL,
        round_robin BOOLEAN DEFAULT 'false' NOT NULL,
        changed_at TIMESTAMP WITH TIME ZONE NOT NULL,
        PRIMARY KEY (id)
    )
    """,
    """
    CREATE UNIQUE INDEX team_name ON intake.team (lower(name))
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
    """
    ALTER TABLE intake.ticket
        ADD COLUMN policy_version TEXT,
        ADD COLUMN asked_priority TEXT,
        ADD COLUMN path JSONB,
        ADD COLUMN replied_at TIMESTAMP WITH TIME ZONE,
        ADD COLUMN waits_since TIMESTAMP WITH TIME ZONE,
        ADD COLUMN alerts JSONB DEFAULT '[]' NOT NULL,
        ADD COLUMN overrides JSONB DEFAULT '[]' NOT NULL,
        ADD COLUMN mail_down INTERVAL DEFAULT '0' NOT NULL,
        ADD COLUMN snoozed_until TIMESTAMP WITH TIME ZONE,
        ADD COLUMN snoozed_by_id UUID,
        ADD COLUMN team_id UUID,
        ADD COLUMN product_id UUID,
        ADD COLUMN fields JSONB DEFAULT '{}' NOT NULL,
        ADD COLUMN tags TEXT[] DEFAULT '{}' NOT NULL,
        ADD COLUMN lowered INTEGER DEFAULT '0' NOT NULL,
        ADD COLUMN merged_into BIGINT,
        ADD COLUMN problem BIGINT,
        ADD COLUMN parking JSONB,
        ADD COLUMN release TEXT,
        ADD COLUMN next_deadline_at TIMESTAMP WITH TIME ZONE,
        ADD COLUMN next_breach_at TIMESTAMP WITH TIME ZONE,
        ALTER COLUMN policy DROP NOT NULL
    """,
    """
    ALTER TABLE intake.organisation
        ADD COLUMN contract_id UUID
    """,
)

KEYS = (
    """
    ALTER TABLE intake.ticket ADD CONSTRAINT ticket_policy_version_fkey
        FOREIGN KEY (policy_version) REFERENCES intake.policy (version) NOT VALID
    """,
    """
    ALTER TABLE intake.ticket ADD CONSTRAINT ticket_snoozed_by_id_fkey
        FOREIGN KEY (snoozed_by_id) REFERENCES intake.person (id) NOT VALID
    """,
    """
    ALTER TABLE intake.ticket ADD CONSTRAINT ticket_team_id_fkey
        FOREIGN KEY (team_id) REFERENCES intake.team (id) NOT VALID
    """,
    """
    ALTER TABLE intake.ticket ADD CONSTRAINT ticket_product_id_fkey
        FOREIGN KEY (product_id) REFERENCES intake.product (id) NOT VALID
    """,
    """
    ALTER TABLE intake.ticket ADD CONSTRAINT ticket_merged_into_fkey
        FOREIGN KEY (merged_into) REFERENCES intake.ticket (number) NOT VALID
    """,
    """
    ALTER TABLE intake.ticket ADD CONSTRAINT ticket_problem_fkey
        FOREIGN KEY (problem) REFERENCES intake.ticket (number) NOT VALID
    """,
    """
    ALTER TABLE intake.organisation ADD CONSTRAINT organisation_contract_id_fkey
        FOREIGN KEY (contract_id) REFERENCES intake.contract (id) NOT VALID
    """,
)


def upgrade() -> None:
    """Forward only: a way back is a new revision."""
    for statement in (*TABLES_AND_COLUMNS, *KEYS):
        op.execute(statement)
