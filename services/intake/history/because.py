"""Evidence: what a deadline's due time is made of, kept to explain why the clock acted when it did. Pure."""

from datetime import date
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from services.contract.vocabulary import Status


class _Reason(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", validate_by_name=True, validate_by_alias=True)


class CountedFrom(_Reason):
    """The instant from which the time was counted."""

    reason: Literal["counted_from"] = "counted_from"
    at: AwareDatetime


class Paused(_Reason):
    """A stretch that did not count, because of the ticket's status then."""

    reason: Literal["paused"] = "paused"
    status: Status
    begin: AwareDatetime = Field(alias="from")
    end: AwareDatetime = Field(alias="to")


class DaysOff(_Reason):
    """Days that did not count: weekends, holidays and the desk's own days off."""

    reason: Literal["days_off"] = "days_off"
    days: tuple[date, ...]


class Moved(_Reason):
    """Somebody chose the instant."""

    reason: Literal["moved"] = "moved"
    to: AwareDatetime


class LateReminder(_Reason):
    """The reminder came late, so the closure did as well."""

    reason: Literal["late_reminder"] = "late_reminder"
    seconds: int


class MailDown(_Reason):
    """Mail could not come in for so long."""

    reason: Literal["mail_down"] = "mail_down"
    seconds: int


Because = Annotated[CountedFrom | Paused | DaysOff | Moved | LateReminder | MailDown, Field(discriminator="reason")]
