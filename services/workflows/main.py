"""The process in which tickets' clocks run."""

from pydantic import Field, SecretStr

from services.platform.clock import wall_clock
from services.platform.identity import Signer
from services.platform.settings import Settings
from services.platform.temporal_client import connect_temporal
from services.workflows.direct_meeting import DirectMeeting, intake_at
from services.workflows.reconcile_schedule import keep_reconciling
from services.workflows.worker import ticket_worker


class WorkflowsSettings(Settings):
    """Where Temporal and intake are. This service has no tables."""

    database_url: SecretStr = Field(default=SecretStr(""), description="not used here")
    intake_url: str = Field(
        pattern=r"^https?://\S+$", description="where intake's HTTP API listens, as in http://127.0.0.1:8081"
    )
    build_id: str = Field(
        default="",
        max_length=200,
        description="this build's name in Temporal's worker versioning; without one it is not versioned",
    )


async def worker(settings: WorkflowsSettings) -> None:
    """Runs tickets' clocks until cancelled. Waits, with warnings in the log, until Temporal can be reached."""
    client = await connect_temporal(settings.temporal_address, settings.temporal_namespace)
    await keep_reconciling(client)
    async with intake_at(settings.intake_url) as intake:
        meeting = DirectMeeting(intake, Signer(settings.secret.get_secret_value()), wall_clock)
        await ticket_worker(client, meeting.meet_deadline, build_id=settings.build_id).run()
