"""Attachments of messages: their rows in the database, and the store for their bytes (a folder or PostgreSQL)."""

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
from services.contract.limits import ATTACHMENT_BYTES_MAX, ATTACHMENTS_MAX, FILE_NAME_CHARACTERS_MAX
from services.intake.tables.tables import attachment, blob, comment
from services.platform.tidying import TIDY_BATCH_MAX

CONTENT_TYPE_CHARACTERS_MAX = 200
BLOBS_LOCK = "balie.blobs"
UNUSED_KEPT_FOR = timedelta(days=1)


class Attachment(Protocol):
    """A file's row, without its content. `size` is in bytes."""

    id: UUID
    name: str
    content_type: str
    size: int
    blob: str
    comment_id: UUID | None
    uploader: str


class BlobStore(Protocol):
    """Stores bytes under a key. A key is the digest of its bytes, so storing the same bytes twice makes one blob."""

    async def put(self, connection: AsyncConnection, key: str, content: bytes) -> None:
        """Store the bytes. They are safe on return, or when `connection`'s transaction commits."""

    async def get(self, connection: AsyncConnection, key: str) -> bytes:
        """The bytes under this key. Raises NotFound."""

    async def drop(self, connection: AsyncConnection, key: str) -> None:
        """Delete the bytes, on return or when `connection`'s transaction commits; an unknown key is ignored."""


class PostgresBlobs:
    """Stores bytes in PostgreSQL: one backup has everything, and every process can read them."""

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
    """Stores bytes in a folder, for a desk on one machine."""

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
        # Rename only when complete: a crash leaves a .part file, never half a file under the key.
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
    """Store an uploaded file that is not in a message yet. Raises TooLarge."""
    if len(content) > ATTACHMENT_BYTES_MAX:
        raise TooLarge(f"A file may have at most {ATTACHMENT_BYTES_MAX // 1024 // 1024} MiB.")
    key = hashlib.sha256(content).hexdigest()
    # A shared lock: uploads may run side by side, but not during `forget_unused`, which must not delete bytes that an
    # upload is about to use.
    await connection.execute(select(func.pg_advisory_xact_lock_shared(func.hashtext(BLOBS_LOCK))))
    await blobs.put(connection, key, content)
    values = {
        "id": uuid4(),
        "uploader": uploader,
        "name": clean_name(name),
        "content_type": content_type[:CONTENT_TYPE_CHARACTERS_MAX],
        "size": len(content),
        "blob": key,
        "created_at": now,
    }
    stored: Attachment = (await connection.execute(insert(attachment).values(values).returning(attachment))).one()
    return stored


async def names_of(connection: AsyncConnection, ids: Sequence[UUID], uploader: str) -> tuple[str, ...]:
    """The names of these files, in order. Raises Invalid for too many files, or one not theirs or already used."""
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
    """The file, the number of its ticket (None until sent) and whether its message is public. Raises NotFound."""
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
    """Delete files, with their bytes, that were uploaded more than a day ago and never sent. Returns how many.

    At most a batch of `TIDY_BATCH_MAX` files.
    """
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
