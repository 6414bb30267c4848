"""Types of text in requests to the HTTP API, each with its limits. Those of moves are in `rules/body.py`."""

from typing import Annotated

from pydantic import EmailStr, StringConstraints

from services.contract.limits import (
    EMAIL_CHARACTERS_MAX,
    NAME_CHARACTERS_MAX,
    PASSWORD_CHARACTERS_MAX,
    PASSWORD_CHARACTERS_MIN,
    SEARCH_CHARACTERS_MAX,
    SURVEY_COMMENT_CHARACTERS_MAX,
)
from services.contract.storable import Storable

CODE_CHARACTERS_MAX = 2000

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=NAME_CHARACTERS_MAX), Storable]
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
