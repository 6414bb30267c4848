"""The kinds of text the HTTP API takes, each with its limits, and what all its input has in common."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, EmailStr, StringConstraints

from services.intake.people import EMAIL_CHARACTERS_MAX, NAME_CHARACTERS_MAX
from services.intake.sessions import PASSWORD_CHARACTERS_MAX, PASSWORD_CHARACTERS_MIN
from services.intake.tickets import SUBJECT_CHARACTERS_MAX, TEXT_CHARACTERS_MAX
from services.storable import Storable

SURVEY_COMMENT_CHARACTERS_MAX = 5000
SEARCH_CHARACTERS_MAX = 200
CODE_CHARACTERS_MAX = 2000

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


class Input(BaseModel):
    """A body the API takes: a field it does not know is refused, not ignored."""

    model_config = ConfigDict(extra="forbid", frozen=True)
