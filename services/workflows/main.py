"""The process in which tickets' clocks run."""

from pydantic import Field, SecretStr

from services.settings import Settings
from services.temporal_client import connect_temporal
from services.workflows.worker import ticket_worker


class WorkflowsSettings(Settings):
    """Where Temporal is. This service has no tables and signs nothing, so it is given no secrets."""

    database_url: SecretStr = Field(default=SecretStr(""), description="not used here")
    secret: SecretStr = Field(default=SecretStr(""), description="not used here")


async def worker(settings: WorkflowsSettings) -> None:
    """Run tickets' clocks until cancelled. Waits, saying so in the log, for a Temporal that is not there yet."""
    client = await connect_temporal(settings.temporal_address, settings.temporal_namespace)
    await ticket_worker(client).run()
