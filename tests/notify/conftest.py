import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from services.notify.smtp import SmtpTransport
from tests.moved_clock import MovedClock
from tests.notify.notifier import Notifier
from tests.smtp_server import SmtpServer


@pytest.fixture
def notifier(engine: AsyncEngine, smtp: SmtpServer, clock: MovedClock) -> Notifier:
    """notify with its real parts, but without the delivery loop: the test decides when it delivers."""
    return Notifier(engine, SmtpTransport(smtp.url), clock)
