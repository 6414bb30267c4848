"""The request bodies of moves, with examples. The OpenAPI document is made from them."""

from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, Field, StringConstraints

from services.contract.limits import (
    FIELD_CHARACTERS_MAX,
    FIELD_KEY_CHARACTERS_MAX,
    FIELDS_MAX,
    NOTE_CHARACTERS_MAX,
    RELEASE_CHARACTERS_MAX,
    TAG_CHARACTERS_MAX,
    TAGS_MAX,
)
from services.contract.storable import Storable
from services.contract.vocabulary import DeadlineKind, Effort, Kind, Priority
from services.intake.tickets.input import NUMBER_MAX, Code, Files, Input, Subject, SurveyComment, Text

Sentence = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=NOTE_CHARACTERS_MAX), Storable
]
Note = Annotated[str, StringConstraints(strip_whitespace=True, max_length=NOTE_CHARACTERS_MAX), Storable]
ReleaseName = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=RELEASE_CHARACTERS_MAX), Storable
]
TagName = Annotated[
    str,
    StringConstraints(strip_whitespace=True, to_lower=True, min_length=1, max_length=TAG_CHARACTERS_MAX),
    Storable,
]
FieldKey = Annotated[str, StringConstraints(min_length=1, max_length=FIELD_KEY_CHARACTERS_MAX), Storable]
FieldText = Annotated[str, StringConstraints(max_length=FIELD_CHARACTERS_MAX), Storable]
TicketNumber = Annotated[int, Field(ge=1, le=NUMBER_MAX)]


class MessageIn(Input):
    """Something to say."""

    text: Text = Field(examples=["Is the printer's lamp green?"])
    attachment_ids: Files = Field(default_factory=list)


class OptionalMessageIn(Input):
    """Something to say, or nothing."""

    text: Text | None = Field(default=None, examples=["Update 4.2 mends this; it is installed for you."])
    attachment_ids: Files = Field(default_factory=list)


class SolveIn(OptionalMessageIn):
    """The solution; for a problem, of its incidents as well."""

    incidents: bool = Field(default=False, description="Solve every open incident of this problem with the same words.")


class AssignIn(Input):
    """Whom to make responsible; null for nobody."""

    assignee_id: UUID | None


class TeamIn(Input):
    """The team to hand the ticket to; null for none."""

    team_id: UUID | None


class ParkIn(OptionalMessageIn):
    """What the product director decides on. `note` is internal, `text` is for the requester."""

    workaround: bool
    effort: Effort
    note: Note = Field(examples=["The driver needs replacing."])


class PlanIn(Input):
    """The release the change will be in."""

    release: ReleaseName = Field(examples=["4.2"])


class ShipIn(Input):
    """What the release brings."""

    note: Note = Field(default="", examples=["Labels print in colour."])


class MergeIn(Input):
    """The ticket to go on as."""

    into: TicketNumber


class NothingIn(Input):
    """Nothing needs saying."""


class PrioritiseIn(Input):
    """Another priority, and why, for the requester to read."""

    priority: Priority
    reason: Sentence = Field(examples=["Printing works by cable, so nobody is stopped."])


class TagIn(Input):
    """Tags to add and to remove."""

    add: list[TagName] = Field(default_factory=list, max_length=TAGS_MAX, examples=[["printer"]])
    remove: list[TagName] = Field(default_factory=list, max_length=TAGS_MAX)


class ChangeIn(Input):
    """What to correct; what is left out stays."""

    subject: Subject | None = None
    kind: Kind | None = None
    product_id: UUID | None = None
    fields: dict[FieldKey, FieldText] | None = Field(default=None, max_length=FIELDS_MAX)


class LinkProblemIn(Input):
    """The ticket of the problem behind this incident; null for none."""

    problem: TicketNumber | None


class ShareIn(Input):
    """The colleague who may see the ticket; or, with `shared` false, no longer."""

    person_id: UUID
    shared: bool = True


class SnoozeIn(Input):
    """When to be reminded; null to have it back now."""

    until: AwareDatetime | None


class StepIn(Input):
    """One of the automatic steps that are coming."""

    step: DeadlineKind


class PostponeIn(StepIn):
    """When an automatic step is to come instead."""

    until: AwareDatetime


class SurveyIn(Input):
    """The answer to the survey, with the code of the link in the mail."""

    code: Code
    good: bool
    comment: SurveyComment = ""
