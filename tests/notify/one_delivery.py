"""One replica of notify in a process of its own, for a test that kills it. Arguments: database URL, SMTP URL, time."""

import asyncio
import sys
from datetime import datetime

from services.notify.delivery import Delivery
from services.notify.smtp import SmtpTransport
from services.platform.database import connect
from services.platform.identity import Signer
from tests.moved_clock import MovedClock
from tests.notify.happenings import DESK, SECRET


async def deliver(database_url: str, smtp_url: str, now: str) -> None:
    """Deliver what is due, once."""
    engine, clock = connect(database_url), MovedClock(datetime.fromisoformat(now))
    await Delivery(engine, SmtpTransport(smtp_url), DESK, Signer(SECRET), clock).deliver_due()
    await engine.dispose()


if __name__ == "__main__":
    asyncio.run(deliver(*sys.argv[1:]))
