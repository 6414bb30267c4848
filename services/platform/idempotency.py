"""`Idempotency-Key`: a POST repeated with the same key gets the first answer again and changes nothing."""

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import Header, Request
from fastapi.responses import JSONResponse
from sqlalchemy import Column, DateTime, Integer, MetaData, Table, Text, delete, func, select, tuple_
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.contract.errors import Conflict
from services.platform.database import transaction
from services.platform.identity import Caller
from services.platform.tidying import TIDY_BATCH_MAX, Chore

KEY_CHARACTERS_MAX = 200
KEPT_FOR = timedelta(days=7)
REPLAYED = "Idempotency-Replayed"

IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        max_length=KEY_CHARACTERS_MAX,
        min_length=1,
        description="Any unique text. The same request sent again with it gets the first answer; kept 7 days.",
    ),
]


@dataclass(frozen=True)
class JsonAnswer:
    """A JSON answer that can be given again."""

    status: int
    body: dict[str, Any]
    headers: dict[str, str] = field(default_factory=dict)

    def response(self) -> JSONResponse:
        """The answer as a FastAPI response."""
        return JSONResponse(self.body, self.status, headers=self.headers)


def idempotency_table(metadata: MetaData) -> Table:
    """The table of answers given, in the schema of `metadata`."""
    return Table(
        "idempotency_key",
        metadata,
        Column("caller", Text, primary_key=True),
        Column("key", Text, primary_key=True),
        Column("fingerprint", Text, nullable=False, doc="SHA-256 of method, path and body"),
        Column("status", Integer),
        Column("body", JSONB),
        Column("headers", JSONB),
        Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now(), index=True),
    )


def forget_answers(table: Table) -> Chore:
    """The chore that drops answers given more than `KEPT_FOR` ago."""

    async def forget(connection: AsyncConnection, now: datetime) -> int:
        key = tuple_(table.c.caller, table.c.key)
        old = select(table.c.caller, table.c.key).where(table.c.created_at < now - KEPT_FOR).limit(TIDY_BATCH_MAX)
        return int((await connection.execute(delete(table).where(key.in_(old)))).rowcount)

    return forget


Admit = Callable[[AsyncConnection, Caller], Awaitable[object]]
Work = Callable[[AsyncConnection], Awaitable[JsonAnswer]]


async def answer_once(
    engine: AsyncEngine,
    table: Table,
    caller: Caller,
    key: str | None,
    request: Request,
    work: Work,
    *,
    admit: Admit | None = None,
    content: bytes | None = None,
) -> JSONResponse:
    """Does `work` in one transaction; for a repeat under the same key, returns the first answer instead.

    `admit` raises if the caller may not see the stored answer any more; `work` does its own checks. `content` is the
    request's content, for a request whose body has already been read as a form.

    A request that failed leaves no trace, so it can be corrected and sent again under its key.
    Raises Conflict if the key was used for another request before.
    """
    async with transaction(engine) as connection:
        if key is None:
            return (await work(connection)).response()
        if admit is not None:
            await admit(connection, caller)
        fingerprint = _fingerprint(request, await request.body() if content is None else content)
        given = await _claim(connection, table, _name(caller), key, fingerprint)
        if given is not None:
            return given.response()
        answer = await work(connection)
        await connection.execute(
            table.update()
            .where(table.c.caller == _name(caller), table.c.key == key)
            .values(status=answer.status, body=answer.body, headers=answer.headers)
        )
        return answer.response()


async def _claim(
    connection: AsyncConnection, table: Table, caller: str, key: str, fingerprint: str
) -> JsonAnswer | None:
    # Two at once: the second waits here until the first commits (then replays it) or fails (then does it).
    claim = insert(table).values(caller=caller, key=key, fingerprint=fingerprint).on_conflict_do_nothing()
    if (await connection.execute(claim.returning(table.c.key))).first() is not None:
        return None
    row = (await connection.execute(select(table).where(table.c.caller == caller, table.c.key == key))).one()
    if row.fingerprint != fingerprint:
        raise Conflict("This Idempotency-Key came with a different request before; use a new key.")
    return JsonAnswer(row.status, row.body, {**row.headers, REPLAYED: "true"})


def _fingerprint(request: Request, content: bytes) -> str:
    digest = hashlib.sha256(f"{request.method} {request.url.path}\n".encode())
    digest.update(content)
    return digest.hexdigest()


def _name(caller: Caller) -> str:
    return str(caller.person_id or f"service:{caller.name}")
