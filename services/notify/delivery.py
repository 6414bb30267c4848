"""Delivers queued mails: claim, check that the mail is still true, send, mark. Several replicas may run it at once.

After a crash between the server's acceptance and our mark, the mail is sent again once its claim has run out, with
the same Message-ID: SMTP offers nothing better.
"""

import asyncio
from datetime import timedelta

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from services.contract.errors import Permanent, Temporary, sentence
from services.notify import claims
from services.notify.claims import Claim, Claimed, Unreadable
from services.notify.mail import compose
from services.notify.rendering import MailIdentity
from services.notify.rules.notices import next_try
from services.notify.smtp import Transport
from services.notify.truth import why_untrue
from services.platform.clock import Clock
from services.platform.database import transaction
from services.platform.identity import Signer
from services.platform.postgres_listen import AWAY, unexpected
from services.platform.telemetry import correlated

BATCH_MAX = 5
"""Most mails claimed at a time; they are sent at once, each over its own connection."""
POLL_INTERVAL = timedelta(seconds=1)
"""The longest wait before looking for due mails: for retries, held confirmations and mails of other replicas."""
ANSWER_CHARACTERS_MAX = 500

log = structlog.get_logger()


class Delivery:
    """The delivery loop of one process."""

    def __init__(
        self, engine: AsyncEngine, transport: Transport, desk: MailIdentity, signer: Signer, clock: Clock
    ) -> None:
        self._engine, self._transport, self._desk = engine, transport, desk
        self._signer, self._clock = signer, clock
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """Look for due mails now, without waiting for the next poll."""
        self._woken.set()

    async def run(self) -> None:
        """Deliver until cancelled; attempts already started are finished first."""
        while True:
            self._woken.clear()
            batch = asyncio.ensure_future(self._deliver_due_or_log())
            try:
                delivered = await asyncio.shield(batch)
            except asyncio.CancelledError:
                # Stopping in the middle of an SMTP conversation could send the mail twice.
                await batch
                raise
            if not delivered:
                await self._rest()

    async def deliver_due(self) -> int:
        """Try to send the mails due now, at most `BATCH_MAX`; returns how many were claimed.

        Waits for every attempt to end; then raises the first error met in marking one.
        """
        batch = await self._claim()
        tries = (self._deliver(claim) for claim in batch if claim is not None)
        for ended in await asyncio.gather(*tries, return_exceptions=True):
            if ended is not None:
                raise ended
        return len(batch)

    async def _deliver_due_or_log(self) -> int:
        try:
            return await self.deliver_due()
        except AWAY as error:
            log.warning("deliveries wait for the database", reason=sentence(error), exc_info=unexpected(error))
            return 0

    async def _rest(self) -> None:
        try:
            async with asyncio.timeout(POLL_INTERVAL.total_seconds()):
                await self._woken.wait()
        except TimeoutError:
            return

    async def _claim(self) -> list[Claimed | Unreadable | None]:
        """Claims due mails and returns those to send; None stands for a mail suppressed because it is untrue now."""
        now = self._clock()
        async with transaction(self._engine) as connection:
            claimed = await claims.take_due(connection, now, BATCH_MAX)
            batch: list[Claimed | Unreadable | None] = []
            for one in claimed:
                if isinstance(one, Claimed) and (reason := why_untrue(one.notification, one.known.ticket, now)):
                    await claims.suppress(connection, one, reason, now)
                    log.warning("mail suppressed", reason=reason, **_facts(one))
                    batch.append(None)
                else:
                    await claims.begin(connection, one, now)
                    batch.append(one)
        return batch

    async def _deliver(self, claimed: Claimed | Unreadable) -> None:
        with correlated(claimed.correlation_id):
            if isinstance(claimed, Unreadable):
                # Try again later: during an upgrade, a newer replica may be able to read it.
                await self._try_again(claimed, claimed.fault)
                return
            try:
                answer = await self._hand_over(claimed)
            except Permanent as refusal:
                await self._give_up(claimed, "permanent", refusal.detail)
            except Temporary as failure:
                await self._try_again(claimed, failure.detail)
            except Exception as error:
                # A bug in Balie must not lose this mail, nor delay the others.
                log.exception("mail could not be written", **_facts(claimed))
                await self._try_again(claimed, f"a fault in Balie: {type(error).__name__}")
            else:
                await self._mark_sent(claimed, answer)

    async def _hand_over(self, claimed: Claimed) -> str:
        notification = claimed.notification
        message = compose(notification, claimed.known, self._desk, self._signer, claimed.planned_at, self._clock())
        return (await self._transport.send(message))[:ANSWER_CHARACTERS_MAX]

    async def _mark_sent(self, claimed: Claimed, answer: str) -> None:
        async with transaction(self._engine) as connection:
            await claims.mark_sent(connection, claimed, answer, self._clock())
        log.info("mail sent", attempt=claimed.attempt, **_facts(claimed))

    async def _try_again(self, claim: Claim, answer: str) -> None:
        now, answer = self._clock(), answer[:ANSWER_CHARACTERS_MAX]
        again_at = next_try(claim.attempt, claim.planned_at, now)
        if again_at is None:
            await self._give_up(claim, "temporary", answer)
            return
        async with transaction(self._engine) as connection:
            await claims.put_off(connection, claim, answer, again_at, now)
        log.warning("mail put off", answer=answer, attempt=claim.attempt, again_at=str(again_at), **_facts(claim))

    async def _give_up(self, claim: Claim, outcome: str, answer: str) -> None:
        answer = answer[:ANSWER_CHARACTERS_MAX]
        async with transaction(self._engine) as connection:
            await claims.mark_failed(connection, claim, outcome, answer, self._clock())
        log.error("mail failed", answer=answer, attempt=claim.attempt, **_facts(claim))


def _facts(claim: Claim) -> dict[str, object]:
    return {"notification": str(claim.id), "template": claim.template, "ticket": claim.ticket_number}
