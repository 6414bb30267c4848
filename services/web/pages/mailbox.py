"""Pages for agents to read the mails that a desk without SMTP writes to a folder, to try Balie without sending mail."""

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
# A mail may have its own styles, but no scripts, forms or remote pictures. Its links open in a new tab.
_MAIL_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox"
)

router = APIRouter(prefix="/desk/mailbox")


def the_mailbox(request: Request) -> Mailbox:
    """The folder of mails. Raises NotFound if mails are sent by SMTP."""
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
    """One mail: its text, and a frame with its HTML."""
    found = await asyncio.to_thread(mailbox.read, _known(name), everything=_may_read_everything(visit))
    return visit.page("mail.html", mail=found)


@router.get("/{name}/html")
async def mail_html(visit: DeskVisit, mailbox: TheMailbox, name: str) -> Response:
    """The HTML of a mail, for the frame."""
    found = await asyncio.to_thread(mailbox.read, _known(name), everything=_may_read_everything(visit))
    headers = {"Content-Security-Policy": _MAIL_POLICY, "X-Frame-Options": "SAMEORIGIN"}
    return HTMLResponse('<base target="_blank">' + found.html, headers=headers)


def _may_read_everything(visit: Visit) -> bool:
    # An agent who could read an administrator's password link could log in as that administrator.
    return visit.caller is not None and visit.caller.role is Role.ADMIN


def _known(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise NotFound("There is no such mail.")
    return name
