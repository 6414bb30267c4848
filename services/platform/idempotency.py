"""`Idempotency-Key`: a POST repeated with the same key gets the first answer again and changes nothing."""

import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Header, Request, Response
from fastapi.responses import JSONResponse
from sqlalchemy import Column, DateTime, Integer, MetaData, Table, Text, Update, delete, func, select, tuple_
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.contract.errors import Conflict
from services.platform.database import transaction
from services.platform.identity import Caller
from services.platform.tidying import TIDY_BATCH_MAX, Chore

KEY_CHARACTERS_MAX = 200
KEPT_FOR = timedelta(days=7)
REPLAYED = "Idempotency-Replayed"
NO_CONTENT = 204

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

    def response(self) -> Response:
        """The answer as a FastAPI response; without content for status 204."""
        if self.status == NO_CONTENT:
            return Response(status_code=self.status, headers=self.headers)
        return JSONResponse(self.body, self.status, headers=self.headers)


class AnsweredBefore(Exception):
    """The request was done before under its key. `create_app` turns this into the answer it was given then."""

    def __init__(self, answer: JsonAnswer) -> None:
        super().__init__(f"answered before with status {answer.status}")
        self.answer = answer


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


Admitted = TypeVar("Admitted")
Admit = Callable[[AsyncConnection, Caller], Awaitable[Admitted]]
"""Says who the caller is. Raises where they may have no answer: not the one given before either."""


class Unit(Generic[Admitted]):
    """A request at work in one transaction: what it did and its answer are kept together, or nothing is."""

    def __init__(self, connection: AsyncConnection, admitted: Admitted, keep: Update | None) -> None:
        self.connection = connection
        self.admitted = admitted
        """What `admit` returned."""
        self.is_answered = False
        self._keep = keep

    async def answer(self, answer: JsonAnswer) -> Response:
        """The response, kept under the request's key. Send it only once the block of `once` has ended."""
        if self._keep is not None:
            kept = self._keep.values(status=answer.status, body=answer.body, headers=answer.headers)
            await self.connection.execute(kept)
        self.is_answered = True
        return answer.response()


@asynccontextmanager
async def once(
    engine: AsyncEngine,
    table: Table,
    caller: Caller,
    key: str | None,
    request: Request,
    admit: Admit[Admitted],
    *,
    content: bytes | None = None,
) -> AsyncIterator[Unit[Admitted]]:
    """Open the unit of work of a request, which is committed at the end of the block and rolled back if that raises.

    A request that failed leaves no trace, so it can be corrected and sent again under its key. `content` is the
    request's content, for a request whose body has already been read as a form.

    Raises AnsweredBefore for a repeat under the same key, Conflict if the key was used for another request before, what
    `admit` raises, and RuntimeError for a block that ends without an answer.
    """
    # Read before the transaction begins: a slow sender must not hold a connection to the database.
    if content is None:
        content = await request.body()
    async with transaction(engine) as connection:
        admitted = await admit(connection, caller)
        keep = None
        if key is not None:
            given = await _claim(connection, table, _name(caller), key, _fingerprint(request, content))
            if given is not None:
                raise AnsweredBefore(given)
            keep = table.update().where(table.c.caller == _name(caller), table.c.key == key)
        unit = Unit(connection, admitted, keep)
        yield unit
        if not unit.is_answered:
            raise RuntimeError(f"{request.method} {request.url.path} was done, but not answered")


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
