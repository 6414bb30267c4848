"""Contract and calendar as administrators write them down, and the policy that tickets are pinned to. Pure."""

import re
import unicodedata
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from itertools import pairwise
from typing import Self
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from services.contract.errors import Invalid
from services.contract.limits import OWN_DAYS_MAX
from services.contract.vocabulary import Priority
from services.promises.policy import STANDARD, Escalation, Pause, Policy, Promises, Target
from services.promises.public_holidays import days_off, regions, years_known
from services.promises.sla import COUNTED_WHILE
from services.promises.working_time import Calendar, Counted, Hours, Span

YEARS_AHEAD = 2
"""For how many years after the current one a pinned policy knows public holidays; re-planning adds later years."""
POLICIES_KEPT = 256
WEEK_MIN = timedelta(hours=4)
PROMISE_MAX = timedelta(days=366)
WORKING_MAX = timedelta(hours=2000)
"""The longest promise in working time: about a year of office hours. Together with `WEEK_MIN`, `OWN_DAYS_MAX` and
`ESCALATION_MAX` it ensures that every deadline lies within `working_time.YEARS_MAX` years and can be computed."""
ESCALATION_MAX = timedelta(days=60)
PAUSES_MAX = 30
VERSION_NAME_CHARACTERS_MAX = 40
UNSPELLABLE = "contract"
"""The version name of policies of a contract whose name has no ASCII letter or digit."""


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
    country: str | None = Field(
        default=None, examples=["IT"], description="ISO 3166 code whose public holidays are off; null for none."
    )
    region: str | None = Field(default=None, description="Part of the country, where its holidays differ.")
    own_days: tuple[date, ...] = Field(default=(), max_length=OWN_DAYS_MAX, description="Further days off.")
    worked_days: tuple[date, ...] = Field(
        default=(), max_length=OWN_DAYS_MAX, description="Public holidays on which the desk works all the same."
    )

    @field_validator("zone")
    @classmethod
    def _known(cls, zone: str) -> str:
        return _said_plainly(zone=zone).zone

    @field_validator("week")
    @classmethod
    def _workable(cls, week: tuple[tuple[Hours, ...], ...]) -> tuple[tuple[Hours, ...], ...]:
        week = _said_plainly(week=week).week
        worked = timedelta(minutes=sum(hours.ends - hours.opens for day in week for hours in day))
        if worked < WEEK_MIN:
            raise ValueError(f"a week has at least {WEEK_MIN.total_seconds() / 3600:.0f} hours of work, not {worked}")
        return week

    @field_validator("own_days", "worked_days")
    @classmethod
    def _in_order(cls, days: tuple[date, ...]) -> tuple[date, ...]:
        return tuple(sorted(set(days)))

    @model_validator(mode="after")
    def _knows_its_holidays(self) -> Self:
        if self.country is None:
            if self.region is not None:
                raise ValueError("a region needs its country")
            return self
        try:
            known = regions(self.country)
        except Invalid as error:
            raise ValueError(error.detail) from error
        if self.region is not None and self.region not in known:
            choose = f"choose one of {', '.join(known)}, or none" if known else "choose none"
            raise ValueError(f"{self.country} has no region {self.region!r}: {choose} for the whole country")
        return self

    @model_validator(mode="after")
    def _works_or_does_not(self) -> Self:
        if twice := set(self.own_days) & set(self.worked_days):
            raise ValueError(f"{min(twice)} is a day off and a day of work")
        return self

    def holidays(self, years: Sequence[int]) -> dict[date, str]:
        """The public holidays of these years, with their names; years whose holidays are not known are left out."""
        if self.country is None:
            return {}
        known = years_known(self.country)
        return days_off(self.country, self.region, [year for year in years if year in known])

    def calendar(self, year: int) -> Calendar:
        """The calendar as a policy keeps it: every day off of the year before, this year and the next ones listed."""
        public = self.holidays(range(year - 1, year + YEARS_AHEAD + 1))
        off = (set(public) | set(self.own_days)) - set(self.worked_days)
        return Calendar(zone=self.zone, week=self.week, days_off=frozenset(off))


class ContractTerms(Promises):
    """What was promised to a customer. Everything has the desk's own promise as its default."""

    priority_rule: PriorityRule = PriorityRule.AS_ASKED
    ordinary_until: date | None = Field(
        default=None, description="Until this day, exclusive, every ticket has medium priority: the roll-out."
    )

    @field_validator("reminder_after", "closure_after", "survey_after", "finalisation_after")
    @classmethod
    def _within_reason(cls, span: Span) -> Span:
        most = WORKING_MAX if span.counted is Counted.WORKING else PROMISE_MAX
        if span.length > most:
            raise ValueError(f"the longest time in {span.counted} time is {_hours(most)}, not {_hours(span.length)}")
        return span

    @field_validator("targets")
    @classmethod
    def _promised_once(cls, targets: tuple[Target, ...]) -> tuple[Target, ...]:
        seen = set()
        for target in targets:
            promised = f"{target.metric} for {target.priority or 'every other'} priority"
            if (target.metric, target.priority) in seen:
                raise ValueError(f"{promised} is promised twice")
            seen.add((target.metric, target.priority))
            if not cls._within_reason(target.within).length:
                raise ValueError(f"{promised} cannot be promised within no time at all")
        return targets

    @field_validator("pauses")
    @classmethod
    def _of_what_counts(cls, pauses: tuple[Pause, ...]) -> tuple[Pause, ...]:
        for pause in pauses:
            counted = COUNTED_WHILE[pause.metric]
            if pause.status not in counted:
                instead = ", ".join(sorted(counted))
                raise ValueError(f"{pause.metric} never counts while {pause.status}: pause it while {instead}")
        paused = dict.fromkeys(pauses)
        if len(paused) > PAUSES_MAX:
            raise ValueError(f"at most {PAUSES_MAX} pauses")
        return tuple(paused)

    @field_validator("warn_at")
    @classmethod
    def _in_order(cls, warn_at: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(sorted(set(warn_at)))

    @field_validator("escalations")
    @classmethod
    def _later_and_later(cls, escalations: tuple[Escalation, ...]) -> tuple[Escalation, ...]:
        if escalations and escalations[0].after:
            raise ValueError("the first escalation step is the breach itself: it comes after no time at all (PT0S)")
        for earlier, later in pairwise(escalations):
            if later.after <= earlier.after:
                raise ValueError("each escalation step comes later after the breach than the one before")
        if escalations and escalations[-1].after > ESCALATION_MAX:
            raise ValueError(f"the last escalation comes at most {_hours(ESCALATION_MAX)} after the breach")
        if not all(step.tell for step in escalations):
            raise ValueError("an escalation step tells somebody: name whom")
        return escalations

    @model_validator(mode="after")
    def _reminds_before_it_closes(self) -> Self:
        reminder, closure = self.reminder_after, self.closure_after
        if reminder.counted is closure.counted and closure.length <= reminder.length:
            raise ValueError("a ticket is closed later than its requester is reminded: lengthen closure_after")
        return self

    @model_validator(mode="after")
    def _surveys_before_it_finalises(self) -> Self:
        survey, end = self.survey_after, self.finalisation_after
        if self.survey and survey.counted is end.counted and end.length < survey.length + self.survey_spread:
            raise ValueError("the survey would never come: lengthen finalisation_after, or do without the survey")
        return self


class Terms(BaseModel):
    """A contract with its calendar. `name` is the contract's; the versions of its policies begin with it."""

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


def version_name(name: str) -> str:
    """The contract's name as it begins the versions of its policies: lower-case letters, digits, hyphens; never empty.

    Two contracts may get the same version name; the digest that follows it tells their policies apart.
    """
    spelt = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", spelt)[:VERSION_NAME_CHARACTERS_MAX].strip("-") or UNSPELLABLE


@lru_cache(maxsize=POLICIES_KEPT)
def _pinned(terms: Terms, year: int) -> Policy:
    promised = {name: getattr(terms.contract, name) for name in Promises.model_fields}
    return Policy(**promised, calendar=terms.calendar.calendar(year)).pinned(version_name(terms.name))


def _said_plainly(**facts: object) -> Calendar:
    # pydantic's own error would name this inner model and a web address; keep only its sentences.
    try:
        return Calendar.model_validate(facts)
    except ValidationError as error:
        raise ValueError("; ".join(each["msg"].removeprefix("Value error, ") for each in error.errors())) from None


def _hours(length: timedelta) -> str:
    return f"{length.total_seconds() / 3600:g} hours"
