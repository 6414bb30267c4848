"""As every service's `env.py`; the tables are written in the revisions only."""

from sqlalchemy import MetaData

from services.platform.database import run_migrations

run_migrations(MetaData(schema="expanding"))
