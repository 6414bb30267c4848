"""The web's composition root: the portal and the desk in one process."""

import asyncio
import socket
from pathlib import Path

from pydantic import Field, SecretStr

from services.messaging.broker import Broker
from services.platform.clock import wall_clock
from services.platform.identity import Signer
from services.platform.process import serve
from services.platform.settings import Settings
from services.web.app import create_app
from services.web.clients import upstream
from services.web.clients.mailbox import Mailbox
from services.web.live import Live
from services.web.rendering import Rendering
from services.web.visit import Surroundings
from services.web.words import catalogues


class WebSettings(Settings):
    """The settings of the web. It is public and has no tables, so it usually gets no database URL."""

    database_url: SecretStr = Field(
        default=SecretStr(""), description="PostgreSQL; only needed where BALIE_BROKER_URL is `local:`"
    )
    intake_url: str = Field(default="http://127.0.0.1:8081", description="where intake's HTTP API listens")
    kb_url: str = Field(default="http://127.0.0.1:8082", description="where the knowledge base's HTTP API listens")
    mailbox_dir: Path | None = Field(
        default=None, description="folder of the mails a desk without SMTP writes; shown to agents when set"
    )


async def web(settings: WebSettings, broker: Broker, listening: socket.socket) -> None:
    """Serve portal and desk until cancelled. While the broker is down, pages work but do not update by themselves."""
    live = Live()
    async with upstream.connect(settings.intake_url) as intake, upstream.connect(settings.kb_url) as kb:
        around = Surroundings(
            intake=intake,
            kb=kb,
            signer=Signer(settings.secret.get_secret_value()),
            clock=wall_clock,
            catalogues=catalogues(),
            rendering=Rendering(),
            desk_zone=settings.desk_zone,
            secure=settings.public_url.startswith("https:"),
            has_mailbox=settings.mailbox_dir is not None,
        )
        mailbox = Mailbox(settings.mailbox_dir) if settings.mailbox_dir else None
        app = create_app(around, live, public_url=settings.public_url, mailbox=mailbox)
        serving = serve(app, listening, settings.trusted_proxies)
        parts = {asyncio.ensure_future(serving), asyncio.ensure_future(live.follow(broker))}
        try:
            ended, _ = await asyncio.wait(parts, return_when=asyncio.FIRST_COMPLETED)
            for part in ended:
                part.result()
        finally:
            # End the event streams first: the server waits for open requests, and a stream lasts for minutes.
            live.close()
            for part in parts:
                part.cancel()
            await asyncio.gather(*parts, return_exceptions=True)
