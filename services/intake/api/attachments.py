"""The routes to upload and download attachments."""

from typing import Annotated
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, File, Response, UploadFile
from sqlalchemy.ext.asyncio import AsyncConnection

from services.contract.errors import NotFound, TooLarge
from services.contract.limits import ATTACHMENT_BYTES_MAX
from services.intake.api.deps import TheDesk
from services.intake.api.timeline_resources import AttachmentOut
from services.intake.api.unit_of_work import KeyedRequest, anybody, open_work
from services.intake.tickets.access import Party
from services.intake.tickets.attachments import Attachment, find, keep
from services.intake.tickets.store import load
from services.platform.http import KnownCaller

router = APIRouter(prefix="/api/v1", tags=["attachments"])


@router.post("/attachments", status_code=201, summary="Upload a file", response_model=AttachmentOut)
async def create_attachment(
    file: Annotated[UploadFile, File(description=f"{ATTACHMENT_BYTES_MAX // 1024 // 1024} MiB at the most.")],
    caller: KnownCaller,
    asked: KeyedRequest,
) -> Response:
    """Any logged-in person or service. Name the id in a message within a day, or the file is dropped."""
    content = await file.read(ATTACHMENT_BYTES_MAX + 1)
    if len(content) > ATTACHMENT_BYTES_MAX:
        raise TooLarge(f"A file may have at most {ATTACHMENT_BYTES_MAX // 1024 // 1024} MiB.")
    name = _storable(file.filename or "")
    content_type = _storable(file.content_type or "application/octet-stream")
    # Opened here, and not by a dependency: the body has been read as a form, so the key stands for these parts of it.
    async with open_work(asked, caller, anybody, content=f"{name}\n{content_type}\n".encode() + content) as work:
        stored = await keep(
            work.connection,
            work.desk.blobs,
            name=name,
            content_type=content_type,
            content=content,
            uploader=work.party.uploader,
            now=work.now,
        )
        return await work.answer(attachment_out(stored), 201, Location=f"/api/v1/attachments/{stored.id}")


@router.get("/attachments/{attachment_id}", summary="Download a file", response_class=Response)
async def read_attachment(attachment_id: UUID, caller: KnownCaller, desk: TheDesk) -> Response:
    """Whoever may see the message it came with; until it is sent, its uploader. Always a download, never a page."""
    async with desk.reading(caller) as (connection, party):
        stored, ticket_number, public = await find(connection, attachment_id)
        await _must_see(connection, party, stored, ticket_number, public=public)
        content = await desk.blobs.get(connection, stored.blob)
    return Response(
        content,
        media_type="application/octet-stream",
        headers={
            "Content-Disposition": f"attachment; filename*=UTF-8''{quote(stored.name, safe='')}",
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": "sandbox",
            "X-Original-Content-Type": quote(stored.content_type, safe="/+.; ="),
        },
    )


def attachment_out(stored: Attachment) -> AttachmentOut:
    """A file as the API returns it, without its content."""
    return AttachmentOut(id=stored.id, name=stored.name, content_type=stored.content_type, size=stored.size)


async def _must_see(
    connection: AsyncConnection, party: Party, stored: Attachment, ticket_number: int | None, *, public: bool
) -> None:
    if ticket_number is None:
        if stored.uploader != party.uploader:
            raise NotFound("There is no such file.")
        return
    about = await load(connection, ticket_number)
    if not (party.may_see(about) if public else party.sees_notes(about)):
        raise NotFound("There is no such file.")


def _storable(text: str) -> str:
    return text.replace("\x00", "").encode(errors="replace").decode()
