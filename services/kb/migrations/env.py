"""Alembic's entry: the shared runner does the work."""

from services.kb.tables import metadata
from services.platform.database import run_migrations

run_migrations(metadata)
