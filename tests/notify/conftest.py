import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from services.notify.smtp import SmtpTransport
from tests.moved_clock import MovedClock
from tests.notify.notifier import Notifier
from tests.smtp_server import SmtpServer


@pytest.fixture
def notifier(engine: AsyncEngine, smtp: SmtpServer, clock: MovedClock) -> Notifier:
    """notify as it runs, but for the loop: the test says when it delivers."""
    return Notifier(engine, SmtpTransport(smtp.url), clock)
