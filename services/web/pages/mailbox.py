"""The mails a desk without SMTP wrote to a folder, for agents to read: try everything, send nothing."""

import asyncio
import re
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import HTMLResponse, Response

from services.contract.errors import NotFound
from services.contract.vocabulary import Role
from services.web.clients.mailbox import MAILS_MAX, Mailbox
from services.web.visit import DeskVisit, Visit

_NAME = re.compile(r"[\w@.+=-]{1,200}\.eml")
# A mail brings its own styles; scripts, forms and remote pictures stay out. Its links open beside it.
_MAIL_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox"
)

router = APIRouter(prefix="/desk/mailbox")


def the_mailbox(request: Request) -> Mailbox:
    """Raises NotFound where mails go out by SMTP."""
    mailbox: Mailbox | None = request.app.state.mailbox
    if mailbox is None:
        raise NotFound("This desk sends its mail.")
    return mailbox


TheMailbox = Annotated[Mailbox, Depends(the_mailbox)]


@router.get("")
async def mails(visit: DeskVisit, mailbox: TheMailbox) -> Response:
    """The newest mails."""
    found = await asyncio.to_thread(mailbox.newest, everything=_may_read_everything(visit))
    return visit.page("mailbox.html", mails=found, mails_max=MAILS_MAX)


@router.get("/{name}")
async def mail(visit: DeskVisit, mailbox: TheMailbox, name: str) -> Response:
    """One mail, its text and a frame with its HTML."""
    found = await asyncio.to_thread(mailbox.read, _known(name), everything=_may_read_everything(visit))
    return visit.page("mail.html", mail=found)


@router.get("/{name}/html")
async def mail_html(visit: DeskVisit, mailbox: TheMailbox, name: str) -> Response:
    """What the frame shows."""
    found = await asyncio.to_thread(mailbox.read, _known(name), everything=_may_read_everything(visit))
    headers = {"Content-Security-Policy": _MAIL_POLICY, "X-Frame-Options": "SAMEORIGIN"}
    return HTMLResponse('<base target="_blank">' + found.html, headers=headers)


def _may_read_everything(visit: Visit) -> bool:
    # With an administrator's password link in sight any agent could become one.
    return visit.caller is not None and visit.caller.role is Role.ADMIN


def _known(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise NotFound("There is no such mail.")
    return name
