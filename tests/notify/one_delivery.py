"""One replica of notify in a process of its own, for a test that kills it. Takes database URL, SMTP URL and time."""

import asyncio
import sys
from datetime import datetime

from services.database import connect
from services.identity import Signer
from services.notify.delivery import Delivery
from services.notify.transport import SmtpTransport
from tests.moved_clock import MovedClock
from tests.notify.happenings import DESK, SECRET


async def deliver(database_url: str, smtp_url: str, now: str) -> None:
    """Deliver what is due, once."""
    engine, clock = connect(database_url), MovedClock(datetime.fromisoformat(now))
    await Delivery(engine, SmtpTransport(smtp_url), DESK, Signer(SECRET), clock).deliver_due()
    await engine.dispose()


if __name__ == "__main__":
    asyncio.run(deliver(*sys.argv[1:]))
