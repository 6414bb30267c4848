"""Alembic's entry: the shared runner does the work."""

from services.database import run_migrations
from services.intake.schema import metadata

run_migrations(metadata)
