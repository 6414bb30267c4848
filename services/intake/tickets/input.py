"""Types of text in requests to the HTTP API, each with its limits, and the base class of all request bodies."""

from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, EmailStr, Field, StringConstraints

from services.contract.limits import (
    ATTACHMENTS_MAX,
    EMAIL_CHARACTERS_MAX,
    NAME_CHARACTERS_MAX,
    PASSWORD_CHARACTERS_MAX,
    PASSWORD_CHARACTERS_MIN,
    SEARCH_CHARACTERS_MAX,
    SUBJECT_CHARACTERS_MAX,
    SURVEY_COMMENT_CHARACTERS_MAX,
    TEXT_CHARACTERS_MAX,
)
from services.contract.storable import Storable

CODE_CHARACTERS_MAX = 2000
NUMBER_MAX = 2**63 - 1
"""The largest ticket number that the database column can hold."""

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=NAME_CHARACTERS_MAX), Storable]
Subject = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=SUBJECT_CHARACTERS_MAX), Storable
]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=TEXT_CHARACTERS_MAX), Storable]
Email = Annotated[EmailStr, StringConstraints(max_length=EMAIL_CHARACTERS_MAX), Storable]
Password = Annotated[
    str, StringConstraints(min_length=PASSWORD_CHARACTERS_MIN, max_length=PASSWORD_CHARACTERS_MAX), Storable
]
AnyPassword = Annotated[str, StringConstraints(max_length=PASSWORD_CHARACTERS_MAX), Storable]
Search = Annotated[str, StringConstraints(max_length=SEARCH_CHARACTERS_MAX), Storable]
Code = Annotated[str, StringConstraints(max_length=CODE_CHARACTERS_MAX), Storable]
SurveyComment = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=SURVEY_COMMENT_CHARACTERS_MAX), Storable
]
Files = Annotated[list[UUID], Field(max_length=ATTACHMENTS_MAX, description="Ids from POST /api/v1/attachments.")]


class Input(BaseModel):
    """Base of all request bodies. Unknown fields are refused, not ignored."""

    model_config = ConfigDict(extra="forbid", frozen=True)
