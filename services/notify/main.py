"""The composition root of notify: starts its worker from the settings."""

import asyncio
from email.utils import parseaddr
from pathlib import Path

from pydantic import Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import SettingsConfigDict

from services.messaging.broker import Broker
from services.notify.consumer import QUEUE, Consumer
from services.notify.delivery import Delivery
from services.notify.forgetting import forget_events, forget_sent
from services.notify.rendering import MailIdentity
from services.notify.rules.notices import AUTOMATIC_MAILS_MAX, automatic_budget
from services.notify.smtp import FolderTransport, SmtpTransport, Transport
from services.platform.clock import wall_clock
from services.platform.database import connect
from services.platform.identity import Signer
from services.platform.settings import Settings
from services.platform.tidying import keep_tidy


class NotifySettings(Settings):
    """The settings of notify; exactly one of `smtp_url` and `mailbox_dir` must be set."""

    # Docker Compose passes a variable that is not set as an empty string.
    model_config = SettingsConfigDict(env_ignore_empty=True)

    smtp_url: SecretStr | None = Field(
        default=None,
        description="where mail goes out, as in smtp://user:password@host:587?starttls=required or smtps://host",
    )
    mailbox_dir: Path | None = Field(
        default=None,
        validate_default=True,
        description="a folder that keeps mails as files instead; give this or BALIE_SMTP_URL, not both",
    )
    mail_from: str = Field(default="Balie <support@balie.example>", description="whom mails come from")
    mail_domain: str = Field(
        default="", validate_default=True, description="what Message-IDs end in; mail_from's domain if not given"
    )
    automatic_mails_max: int = Field(
        default=AUTOMATIC_MAILS_MAX, ge=1, description="most automatic mails to one requester's address in an hour"
    )

    @field_validator("smtp_url")
    @classmethod
    def _is_smtp(cls, url: SecretStr | None) -> SecretStr | None:
        if url is not None:
            SmtpTransport(url.get_secret_value())
        return url

    @field_validator("mailbox_dir")
    @classmethod
    def _is_the_only_way(cls, folder: Path | None, known: ValidationInfo) -> Path | None:
        if "smtp_url" in known.data and (folder is None) == (known.data["smtp_url"] is None):
            raise ValueError("give exactly one of BALIE_SMTP_URL and BALIE_MAILBOX_DIR")
        return folder

    @field_validator("mail_from")
    @classmethod
    def _is_an_address(cls, mail_from: str) -> str:
        local, _, domain = parseaddr(mail_from)[1].rpartition("@")
        if not (local and domain):
            raise ValueError("give it as Name <mailbox@domain>")
        return mail_from

    @field_validator("mail_domain")
    @classmethod
    def _is_known(cls, domain: str, known: ValidationInfo) -> str:
        return domain or parseaddr(known.data.get("mail_from", ""))[1].rpartition("@")[2]

    def desk(self) -> MailIdentity:
        """The sender of mails, the address their links begin with, and the time zone of the desk."""
        name, address = parseaddr(self.mail_from)
        return MailIdentity(name or address, address, self.mail_domain, self.public_url.rstrip("/"), self.desk_zone)

    def transport(self) -> Transport:
        """What mails are sent by: the SMTP server, or the folder. Raises ValueError if neither is set."""
        if self.smtp_url is not None:
            return SmtpTransport(self.smtp_url.get_secret_value())
        if self.mailbox_dir is None:
            raise ValueError("neither smtp_url nor mailbox_dir is set")
        return FolderTransport(self.mailbox_dir)


async def worker(settings: NotifySettings, broker: Broker) -> None:
    """Take events from the broker and deliver mail, until cancelled."""
    engine = connect(settings.database_url.get_secret_value())
    desk, signer = settings.desk(), Signer(settings.secret.get_secret_value())
    delivery = Delivery(engine, settings.transport(), desk, signer, wall_clock)
    budget = automatic_budget(settings.automatic_mails_max)
    consumer = Consumer(engine, desk, budget, wall_clock, delivery.wake)
    try:
        subscription = await broker.subscribe(QUEUE, consumer.handle)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(delivery.run())
                group.create_task(keep_tidy(engine, wall_clock, forget_sent, forget_events))
        finally:
            await subscription.stop()
    finally:
        await engine.dispose()
