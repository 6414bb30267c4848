"""What intake drops by and by: files never sent, with their bytes, and answers kept long enough."""

from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from services.intake.tables.tables import attachment, blob, idempotency_key
from services.intake.tickets.attachments import UNUSED_KEPT_FOR, PostgresBlobs, forget_unused
from services.platform.idempotency import KEPT_FOR, forget_answers
from tests.intake.api_desk import As
from tests.moved_clock import MovedClock


async def test_a_file_never_sent_goes_with_its_bytes_and_others_stay(
    marieke: As, engine: AsyncEngine, clock: MovedClock
) -> None:
    sent, same, lost = [
        (await marieke.ask("POST", "/api/v1/attachments", files={"file": (name, content)})).json()["id"]
        for name, content in (("sent.txt", b"one"), ("same.txt", b"one"), ("lost.txt", b"two"))
    ]
    await marieke.submits("Fire", attachment_ids=[sent])
    later = clock.move(UNUSED_KEPT_FOR + timedelta(seconds=1))
    async with engine.begin() as connection:
        assert await forget_unused(connection, PostgresBlobs(), later) == 2
    async with engine.connect() as connection:
        left = {str(each) for each in (await connection.execute(select(attachment.c.id))).scalars()}
        contents = [bytes(each) for each in (await connection.execute(select(blob.c.content))).scalars()]
    assert (left, contents) == ({sent}, [b"one"])
    assert not left & {same, lost}


async def test_answers_are_kept_as_long_as_promised_and_no_longer(marieke: As, engine: AsyncEngine) -> None:
    key = {"Idempotency-Key": "k1"}
    await marieke.ask("POST", "/api/v1/tickets", json={"subject": "x", "text": "x"}, headers=key)
    forget = forget_answers(idempotency_key)
    async with engine.begin() as connection:
        given_at = (await connection.execute(select(idempotency_key.c.created_at))).scalar_one()
        assert await forget(connection, given_at + KEPT_FOR) == 0
        assert await forget(connection, given_at + KEPT_FOR + timedelta(seconds=1)) == 1
        assert (await connection.execute(select(func.count()).select_from(idempotency_key))).scalar_one() == 0
