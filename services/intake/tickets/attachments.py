"""Files that come with messages: what they are in the database, their bytes behind one small interface."""

import asyncio
import hashlib
import os
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol
from uuid import UUID, uuid4

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.contract.errors import Invalid, NotFound, TooLarge
from services.contract.limits import ATTACHMENT_BYTES_MAX, ATTACHMENTS_MAX
from services.intake.tables.tables import attachment, blob, comment
from services.platform.tidying import TIDY_BATCH_MAX

FILE_NAME_CHARACTERS_MAX = 200
BLOBS_LOCK = "balie.blobs"
UNUSED_KEPT_FOR = timedelta(days=1)


class Attachment(Protocol):
    """What is known of a file without reading it. `size` is in bytes."""

    id: UUID
    name: str
    content_type: str
    size: int
    blob: str
    comment_id: UUID | None
    uploader: str


class BlobStore(Protocol):
    """Where bytes lie under a key. Keys are digests: putting the same bytes twice is one blob."""

    async def put(self, connection: AsyncConnection, key: str, content: bytes) -> None:
        """Safely stored on return, or when `connection`'s transaction commits."""

    async def get(self, connection: AsyncConnection, key: str) -> bytes:
        """Raises NotFound."""

    async def drop(self, connection: AsyncConnection, key: str) -> None:
        """Gone on return, or when `connection`'s transaction commits; nothing where there is nothing."""


class PostgresBlobs:
    """Bytes in PostgreSQL: one thing to back up, and every replica sees them."""

    async def put(self, connection: AsyncConnection, key: str, content: bytes) -> None:
        await connection.execute(insert(blob).values(key=key, content=content).on_conflict_do_nothing())

    async def get(self, connection: AsyncConnection, key: str) -> bytes:
        content = (await connection.execute(select(blob.c.content).where(blob.c.key == key))).scalar_one_or_none()
        if content is None:
            raise NotFound("The file's content is gone.")
        return bytes(content)

    async def drop(self, connection: AsyncConnection, key: str) -> None:
        await connection.execute(delete(blob).where(blob.c.key == key))


class FolderBlobs:
    """Bytes in a folder, for a desk on one machine."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    async def put(self, connection: AsyncConnection, key: str, content: bytes) -> None:  # noqa: ARG002 - the interface
        await asyncio.to_thread(self._write, key, content)

    async def get(self, connection: AsyncConnection, key: str) -> bytes:  # noqa: ARG002 - the interface
        try:
            return await asyncio.to_thread((self._folder / key).read_bytes)
        except FileNotFoundError as error:
            raise NotFound("The file's content is gone.") from error

    async def drop(self, connection: AsyncConnection, key: str) -> None:  # noqa: ARG002 - the interface
        await asyncio.to_thread((self._folder / key).unlink, missing_ok=True)

    def _write(self, key: str, content: bytes) -> None:
        target = self._folder / key
        if target.exists():
            return
        part = self._folder / f"{key}.{uuid4().hex}.part"
        with part.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        # Renamed only when whole: a crash leaves a .part, never half a file under its name.
        part.rename(target)


async def keep(
    connection: AsyncConnection,
    blobs: BlobStore,
    *,
    name: str,
    content_type: str,
    content: bytes,
    uploader: str,
    now: datetime,
) -> Attachment:
    """Store a file no message has taken along yet. Raises TooLarge."""
    if len(content) > ATTACHMENT_BYTES_MAX:
        raise TooLarge(f"A file may have at most {ATTACHMENT_BYTES_MAX // 1024 // 1024} MiB.")
    key = hashlib.sha256(content).hexdigest()
    # Shared with other uploads, not with `forget_unused`: bytes it finds unused must not come into use meanwhile.
    await connection.execute(select(func.pg_advisory_xact_lock_shared(func.hashtext(BLOBS_LOCK))))
    await blobs.put(connection, key, content)
    values = {
        "id": uuid4(),
        "uploader": uploader,
        "name": clean_name(name),
        "content_type": content_type[:FILE_NAME_CHARACTERS_MAX],
        "size": len(content),
        "blob": key,
        "created_at": now,
    }
    stored: Attachment = (await connection.execute(insert(attachment).values(values).returning(attachment))).one()
    return stored


async def names_of(connection: AsyncConnection, ids: Sequence[UUID], uploader: str) -> tuple[str, ...]:
    """The names of files this uploader may use, in order. Raises Invalid where one is not theirs or is used."""
    if len(ids) > ATTACHMENTS_MAX:
        raise Invalid(f"A message takes at most {ATTACHMENTS_MAX} files along.")
    query = select(attachment.c.id, attachment.c.name).where(
        attachment.c.id.in_(ids), attachment.c.uploader == uploader, attachment.c.comment_id.is_(None)
    )
    names = {row.id: row.name for row in await connection.execute(query)} if ids else {}
    missing = [str(each) for each in ids if each not in names]
    if missing or len(set(ids)) != len(ids):
        raise Invalid(f"Upload these files (again) first: {', '.join(missing) or 'one is named twice'}.")
    return tuple(names[each] for each in ids)


async def find(connection: AsyncConnection, attachment_id: UUID) -> tuple[Attachment, int | None, bool]:
    """The file, the ticket it is on (None until sent) and whether its message is public. Raises NotFound."""
    query = (
        select(attachment, comment.c.ticket_number, comment.c.public)
        .outerjoin_from(attachment, comment, comment.c.id == attachment.c.comment_id)
        .where(attachment.c.id == attachment_id)
    )
    row = (await connection.execute(query)).first()
    if row is None:
        raise NotFound("There is no such file.")
    return row, row.ticket_number, bool(row.public)


async def forget_unused(connection: AsyncConnection, blobs: BlobStore, now: datetime) -> int:
    """Drop what was uploaded but never sent, a day later, with its bytes; at most a batch. Gives how many."""
    await connection.execute(select(func.pg_advisory_xact_lock(func.hashtext(BLOBS_LOCK))))
    old = attachment.c.comment_id.is_(None), attachment.c.created_at < now - UNUSED_KEPT_FOR
    some = select(attachment.c.id).where(*old).limit(TIDY_BATCH_MAX)
    dropped = await connection.execute(delete(attachment).where(attachment.c.id.in_(some)).returning(attachment.c.blob))
    keys = list(dropped.scalars())
    used = select(attachment.c.blob).where(attachment.c.blob.in_(keys))
    for key in set(keys) - set((await connection.execute(used)).scalars()):
        await blobs.drop(connection, key)
    return len(keys)


def clean_name(name: str) -> str:
    """A file name without folders or control characters; never empty."""
    base = name.replace("\\", "/").rpartition("/")[2]
    printable = "".join(character for character in base if character.isprintable()).strip(" .")
    return printable[-FILE_NAME_CHARACTERS_MAX:] or "file"
