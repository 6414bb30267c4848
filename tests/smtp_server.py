"""A real SMTP server on loopback that keeps the mails it takes, and can be told to refuse."""

from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from services.cli.embedded.child_process import LOOPBACK, free_port

TAKEN = "250 OK"
REFUSED_FOR_NOW = "451 4.3.0 Come back later"
REFUSED_FOR_GOOD = "550 5.1.1 No such mailbox"


class SmtpServer:
    """The server. `messages` are the mails taken, oldest first, with X-Envelope-From and X-Envelope-To added."""

    def __init__(self) -> None:
        self.messages: list[EmailMessage] = []
        self.attempts = 0
        """How many recipients clients have named, refused ones included."""
        self._answer = TAKEN
        self._refused: dict[str, str] = {}
        self._port = free_port()
        self._controller: Controller | None = None

    @property
    def url(self) -> str:
        """The URL it listens on."""
        return f"smtp://{LOOPBACK}:{self._port}"

    def accept(self) -> None:
        """Take all mails again."""
        self._answer = TAKEN
        self._refused.clear()

    def refuse_temporarily(self, *recipients: str) -> None:
        """Answer 451 to these recipients, or to all if none is named."""
        self._refuse(REFUSED_FOR_NOW, recipients)

    def refuse_permanently(self, *recipients: str) -> None:
        """Answer 550 to these recipients, or to all if none is named."""
        self._refuse(REFUSED_FOR_GOOD, recipients)

    def stop(self) -> None:
        """Stop listening: connections are refused from now on."""
        if self._controller is not None:
            self._controller.stop()
            self._controller = None

    def start(self) -> None:
        """Listen, on the same port as before."""
        # A new controller for each start: a stopped one has closed its event loop.
        self._controller = Controller(self, hostname=LOOPBACK, port=self._port)
        self._controller.start()

    async def handle_RCPT(
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Called by aiosmtpd for each recipient."""
        self.attempts += 1
        answer = self._refused.get(address, self._answer)
        if answer == TAKEN:
            envelope.rcpt_tos.append(address)
            envelope.rcpt_options.extend(options)
        return answer

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        """Called by aiosmtpd for each message."""
        content: Any = envelope.content
        message = message_from_bytes(content, policy=policy.default)
        assert isinstance(message, EmailMessage)
        message["X-Envelope-From"] = envelope.mail_from
        message["X-Envelope-To"] = ", ".join(envelope.rcpt_tos)
        self.messages.append(message)
        return TAKEN

    def _refuse(self, answer: str, recipients: tuple[str, ...]) -> None:
        if recipients:
            self._refused.update(dict.fromkeys(recipients, answer))
        else:
            self._answer = answer


@contextmanager
def running_smtp_server() -> Iterator[SmtpServer]:
    """A server that runs while the block runs."""
    server = SmtpServer()
    server.start()
    try:
        yield server
    finally:
        server.stop()
