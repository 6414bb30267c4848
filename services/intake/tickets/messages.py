"""Messages before they are said: with the files they take along."""

from dataclasses import dataclass
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncConnection

from services.contract.vocabulary import Channel
from services.intake.rules.ticket import Message
from services.intake.tickets.attachments import names_of


@dataclass(frozen=True)
class Draft:
    """A message before it is sent. `html` is sanitised already."""

    text: str
    html: str | None = None
    attachment_ids: tuple[UUID, ...] = ()
    channel: Channel = Channel.WEB
    message_id: str | None = None
    auto_generated: bool = False


async def message_of(connection: AsyncConnection, draft: Draft, uploader: str) -> Message:
    """The draft as a message with its own id. Raises Invalid for files that are not the uploader's."""
    return Message(
        comment_id=uuid4(),
        text=draft.text,
        html=draft.html,
        channel=draft.channel,
        attachment_ids=draft.attachment_ids,
        attachment_names=await names_of(connection, draft.attachment_ids, uploader),
        message_id=draft.message_id,
        auto_generated=draft.auto_generated,
    )
