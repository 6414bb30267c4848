"""What a customer was promised, as people write it down, and the policy a ticket is pinned to because of it. Pure."""

from datetime import date, datetime
from enum import StrEnum
from functools import lru_cache
from typing import Self
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.policy import STANDARD, Policy, Promises
from services.public_holidays import days_off
from services.vocabulary import Priority
from services.working_time import Calendar, Hours

YEARS_AHEAD = 2
"""How far a pinned policy knows public holidays beyond the year it is pinned in; re-planning pins later years."""
POLICIES_KEPT = 256
OWN_DAYS_MAX = 400


class PriorityRule(StrEnum):
    """Which priority counts, whatever was asked."""

    AS_ASKED = "as_asked"
    ALWAYS_HIGH = "always_high"


class CalendarTerms(BaseModel):
    """When the desk works for a customer: weekly hours, public holidays of a country or region, and days of its own."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    zone: str = Field(default="Europe/Amsterdam", examples=["Europe/Rome"], description="An IANA time zone.")
    week: tuple[tuple[Hours, ...], ...] = Field(
        default=Calendar().week,
        min_length=7,
        max_length=7,
        description='Monday first; each day a list of hours such as "09:00-12:30", none where it is off.',
    )
    country: str | None = Field(default=None, description="ISO 3166 code whose public holidays are off.")
    region: str | None = Field(default=None, description="Part of the country, where its holidays differ.")
    own_days: tuple[date, ...] = Field(default=(), max_length=OWN_DAYS_MAX, description="Further days off.")
    worked_days: tuple[date, ...] = Field(
        default=(), max_length=OWN_DAYS_MAX, description="Public holidays on which the desk works all the same."
    )

    @model_validator(mode="after")
    def _make_sense(self) -> Self:
        # Both raise a sentence: an unknown zone or overlapping hours, an unknown country or region.
        Calendar(zone=self.zone, week=self.week)
        if self.country:
            days_off(self.country, self.region, [date(2026, 1, 1).year])
        elif self.region:
            raise ValueError("a region needs its country")
        return self

    def calendar(self, year: int) -> Calendar:
        """With every day off of the year before, this and the next ones spelt out."""
        years = range(year - 1, year + YEARS_AHEAD + 1)
        public = days_off(self.country, self.region, years) if self.country else {}
        off = (set(public) | set(self.own_days)) - set(self.worked_days)
        return Calendar(zone=self.zone, week=self.week, days_off=frozenset(off))


class ContractTerms(Promises):
    """What was promised to a customer. Everything has the desk's own promise as its default."""

    priority_rule: PriorityRule = PriorityRule.AS_ASKED
    ordinary_until: date | None = Field(
        default=None, description="Until this day, exclusive, every ticket has medium priority: the roll-out."
    )


class Terms(BaseModel):
    """A contract with its calendar, by the name of which its policies are versioned."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = STANDARD
    contract: ContractTerms = ContractTerms()
    calendar: CalendarTerms = CalendarTerms(country="NL")

    def policy(self, now: datetime) -> Policy:
        """The policy to pin a ticket to at `now`."""
        return _pinned(self, now.astimezone(ZoneInfo(self.calendar.zone)).year)

    def priority(self, asked: Priority, now: datetime) -> Priority:
        """The priority that counts for a ticket opened at `now`."""
        today = now.astimezone(ZoneInfo(self.calendar.zone)).date()
        if self.contract.ordinary_until and today < self.contract.ordinary_until:
            return Priority.MEDIUM
        return Priority.HIGH if self.contract.priority_rule is PriorityRule.ALWAYS_HIGH else asked


@lru_cache(maxsize=POLICIES_KEPT)
def _pinned(terms: Terms, year: int) -> Policy:
    promised = {name: getattr(terms.contract, name) for name in Promises.model_fields}
    return Policy(**promised, calendar=terms.calendar.calendar(year)).pinned(terms.name)
