"""The parts that the request bodies of moves are made of: texts, each with its limits, and the base class. Pure."""

from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.contract.limits import (
    ATTACHMENTS_MAX,
    NOTE_CHARACTERS_MAX,
    RELEASE_CHARACTERS_MAX,
    SUBJECT_CHARACTERS_MAX,
    TEXT_CHARACTERS_MAX,
)
from services.contract.storable import Storable

NUMBER_MAX = 2**63 - 1
"""The largest ticket number that the database column can hold."""

Subject = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=SUBJECT_CHARACTERS_MAX), Storable
]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=TEXT_CHARACTERS_MAX), Storable]
Sentence = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=NOTE_CHARACTERS_MAX), Storable
]
Note = Annotated[str, StringConstraints(strip_whitespace=True, max_length=NOTE_CHARACTERS_MAX), Storable]
ReleaseName = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=RELEASE_CHARACTERS_MAX), Storable
]
TicketNumber = Annotated[int, Field(ge=1, le=NUMBER_MAX)]
Files = Annotated[list[UUID], Field(max_length=ATTACHMENTS_MAX, description="Ids from POST /api/v1/attachments.")]


class Input(BaseModel):
    """Base of all request bodies. Unknown fields are refused, not ignored."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class MessageIn(Input):
    """Something to say."""

    text: Text = Field(examples=["Is the printer's lamp green?"])
    attachment_ids: Files = Field(default_factory=list)


class OptionalMessageIn(Input):
    """Something to say, or nothing."""

    text: Text | None = Field(default=None, examples=["Update 4.2 mends this; it is installed for you."])
    attachment_ids: Files = Field(default_factory=list)


class NothingIn(Input):
    """Nothing needs saying."""
