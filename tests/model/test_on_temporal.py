"""The same lives on the time-skipping server: the real workflow does what the reference model says, when it says so."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import timedelta

import pytest
from hypothesis import Phase, find, settings

from tests.model.acts import Act, instant
from tests.model.desk import LivedDesk
from tests.model.lives import HOUR, NUMBER, Life, ends_at, happens, lives
from tests.model.reference import Reference
from tests.workflows.life import Life as LifeOnTemporal
from tests.workflows.life import away, intake_worker, server_of_our_own, well
from tests.workflows.shapes import ForgetfulTicketWorkflow
from services.workflows.ticket import TicketWorkflow
from services.workflows.worker import ticket_worker

NOBODY_COMES = 30 * 24 * HOUR
OUTAGE_MAX = 6 * HOUR
"""Every hour that intake is down costs the server a dozen tries."""
SETTLES = timedelta(seconds=10)
SETTLED_MAX = 60
"""So often time is given to a clock under way: Temporal waits up to five minutes between two tries."""
