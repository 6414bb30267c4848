"""Makes a notification an RFC 5322 message: its text, and the headers for threads and against mail loops. Pure."""

import re
from datetime import datetime
from email import policy
from email.headerregistry import Address
from email.message import EmailMessage

from services.contract.errors import Permanent
from services.notify.rendering import Known, MailIdentity, one_line, render
from services.notify.rules.notices import Notification, is_automatic, message_id, thread_id
from services.platform.identity import Signer

CORRELATION_HEADER = "X-Balie-Correlation-Id"
TICKET_HEADER = "X-Balie-Ticket"
TEMPLATE_HEADER = "X-Balie-Template"

# 7-bit only: every server accepts it. Folding at the standard 78 characters would break long Message-IDs in References.
_WIRE = policy.SMTP.clone(cte_type="7bit", max_line_length=900)
_WIRE_UTF8 = policy.SMTPUTF8.clone(max_line_length=900)
_QUOTED_PRINTABLE = "quoted-printable"
_MESSAGE_ID = re.compile(r"<[!-~]{1,800}>")


def compose(
    notification: Notification, known: Known, desk: MailIdentity, signer: Signer, written_at: datetime, now: datetime
) -> EmailMessage:
    """The message to send at `now` for a notification planned at `written_at`.

    A repeat has the same Message-ID, date and boundary. Raises errors.Permanent if the recipient's address is invalid.
    """
    message = EmailMessage()
    words = render(notification, known, desk, signer, now)
    message["From"] = Address(_sender_name(notification, desk), addr_spec=desk.address)
    message["To"] = _recipient(notification)
    message["Subject"] = words.subject
    message["Date"] = written_at
    message["Message-ID"] = message_id(notification.id, desk.domain)
    _add_thread(message, notification, desk)
    _add_warnings_to_machines(message, notification, desk)
    message[TEMPLATE_HEADER] = notification.template.value
    if notification.correlation_id:
        message[CORRELATION_HEADER] = notification.correlation_id
    message.set_content(words.text, cte=_QUOTED_PRINTABLE)
    message.add_alternative(words.html, subtype="html", cte=_QUOTED_PRINTABLE)
    # After the content: setting the content removes every Content- header.
    message["Content-Language"] = notification.recipient.language.value
    message.set_boundary(f"balie-{notification.id}")
    return message


def on_the_wire(message: EmailMessage) -> bytes:
    """The message as bytes, as it is sent by SMTP or kept in a file."""
    return message.as_bytes(policy=_WIRE_UTF8 if needs_utf8(message) else _WIRE)


def recipient_of(message: EmailMessage) -> str:
    """The one address the message goes to."""
    address: Address = message["To"].addresses[0]
    return address.addr_spec


def needs_utf8(message: EmailMessage) -> bool:
    """Whether the recipient's address is not ASCII, so that the server needs SMTPUTF8 (RFC 6531)."""
    return not recipient_of(message).isascii()


def _sender_name(notification: Notification, desk: MailIdentity) -> str:
    by = notification.content.by
    return desk.name if is_automatic(notification.template) or by is None else f"{one_line(by.name)} ({desk.name})"


def _recipient(notification: Notification) -> Address:
    recipient = notification.recipient
    local, at, domain = recipient.address.strip().rpartition("@")
    try:
        if not (local and at and domain):
            raise ValueError("it has no mailbox or no domain")
        return Address(one_line(recipient.name), username=local, domain=domain.encode("idna").decode())
    except (ValueError, UnicodeError) as error:
        raise Permanent(f"{recipient.address!r} is no e-mail address: {error}") from error


def _add_thread(message: EmailMessage, notification: Notification, desk: MailIdentity) -> None:
    number = notification.number
    if number is None:
        return
    local, _, domain = desk.address.rpartition("@")
    message["Reply-To"] = Address(desk.name, username=f"{local}+{number}", domain=domain)
    answered = notification.content.arrived_as or ""
    # The value came from outside: if it is not a Message-ID, leave it out of the headers.
    arrived_as = answered if _MESSAGE_ID.fullmatch(answered) else ""
    root = thread_id(number, desk.domain)
    message["In-Reply-To"] = arrived_as or root
    message["References"] = f"{root} {arrived_as}".strip()
    message[TICKET_HEADER] = str(number)


def _add_warnings_to_machines(message: EmailMessage, notification: Notification, desk: MailIdentity) -> None:
    if not is_automatic(notification.template):
        return
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834 §5: automatic responders must not answer it
    # For programs that do not know RFC 3834: Exchange, and old out-of-office responders.
    message["X-Auto-Response-Suppress"] = "All"
    message["Precedence"] = "bulk"
    message["List-Id"] = f"{desk.name} <tickets.{desk.domain}>"
