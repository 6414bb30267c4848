"""A change of policies to try out: a TOML file that replaces parts of what tickets are pinned to. Pure.

    [all]                               # every ticket
    reminder_after = { length = "P5D" }

    [standard]                          # tickets without a contract
    survey = false

    [contracts."Acme"]                  # tickets pinned under this contract; overrides `all`
    warn_at = [50, 90]
    calendar = { country = "IT", own_days = ["2026-08-14"] }

The keys are those of `ContractTerms`, and of `CalendarTerms` in `calendar`. What is left out stays as in each ticket's
own policy. With `country` or `region` the days off are computed anew; without them, `own_days` are added to the days
off and `worked_days` removed. With `priority_rule` or `ordinary_until`, the priority that tickets are opened with is
computed anew from these two.
"""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from services.contract.errors import Invalid
from services.contract.vocabulary import Priority
from services.intake.rules.contracts import CalendarTerms, ContractTerms, Terms, version_name
from services.promises.policy import STANDARD, Policy, Promises
from services.promises.working_time import Calendar

_DIGEST_CHARACTERS = 9
"""Length of the end of a policy's version that follows the name: a hyphen and the digest."""
_PRIORITY_KEYS = frozenset({"priority_rule", "ordinary_until"})
_HOLIDAY_KEYS = frozenset({"country", "region"})


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    all: dict[str, Any] = {}
    standard: dict[str, Any] = {}
    contracts: dict[str, dict[str, Any]] = {}


@dataclass(frozen=True)
class PolicyChange:
    """What the file replaces. `years` are the years whose public holidays a changed calendar includes."""

    file: _File
    years: tuple[int, ...]

    @property
    def contracts(self) -> tuple[str, ...]:
        """The names of the contracts that the file changes."""
        return tuple(self.file.contracts)

    def policy(self, of: Policy) -> Policy:
        """The policy that replaces `of`, or `of` itself where the file does not change it.

        Raises Invalid where the changed promises do not fit together.
        """
        parts = self._parts(of.version)
        if not parts.keys() - _PRIORITY_KEYS:
            return of
        name = of.version[:-_DIGEST_CHARACTERS]
        given = {key: value for key, value in parts.items() if key not in _PRIORITY_KEYS | {"calendar"}}
        known = {key: getattr(of, key) for key in Promises.model_fields}
        try:
            terms = ContractTerms.model_validate(known | _with_parts(of, given))
        except ValidationError as error:
            raise Invalid(_first_wrong(error, f"For tickets pinned to {of.version}")) from None
        promised = {key: getattr(terms, key) for key in Promises.model_fields}
        calendar = self._calendar(of.calendar, parts.get("calendar", {}))
        changed = Policy(**promised, calendar=calendar, version=of.version)
        return of if changed == of else changed.pinned(f"{name}-changed")

    def priority(self, version: str, asked: Priority, recorded: Priority, opened_at: datetime) -> Priority:
        """The priority a ticket is opened with, if it was pinned to this policy version.

        `recorded` is returned where the file does not change the priority rules of that version.
        """
        if not any(_PRIORITY_KEYS & each.keys() for each in self._sections):
            return recorded
        given = {key: value for key, value in self._parts(version).items() if key in _PRIORITY_KEYS}
        if not given:
            return recorded
        zone = self._parts(version).get("calendar", {}).get("zone", CalendarTerms().zone)
        terms = Terms(contract=ContractTerms(**given), calendar=CalendarTerms(zone=zone))
        return terms.priority(asked, opened_at)

    @property
    def _sections(self) -> tuple[dict[str, Any], ...]:
        return self.file.all, self.file.standard, *self.file.contracts.values()

    def _parts(self, version: str) -> dict[str, Any]:
        name, parts = version[:-_DIGEST_CHARACTERS], dict(self.file.all)
        own = [self.file.standard] if name == STANDARD else []
        own += [each for contract, each in self.file.contracts.items() if version_name(contract) == name]
        for each in own:
            calendar = parts.get("calendar", {}) | each.get("calendar", {})
            parts |= each | ({"calendar": calendar} if calendar else {})
        return parts

    def _calendar(self, pinned: Calendar, given: Mapping[str, Any]) -> Calendar:
        if not given:
            return pinned
        terms = CalendarTerms.model_validate({"zone": pinned.zone, "week": pinned.week} | dict(given))
        off = frozenset(terms.holidays(self.years)) if _HOLIDAY_KEYS & given.keys() else pinned.days_off
        days_off = (off | set(terms.own_days)) - set(terms.worked_days)
        return Calendar(zone=terms.zone, week=terms.week, days_off=frozenset(days_off))


def read_change(text: str, years: Iterable[int] = ()) -> PolicyChange:
    """Parse the text of a change file. Raises Invalid, whose sentence names the key that is wrong."""
    try:
        file = _File.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise Invalid(f"That is no TOML: {error}.") from None
    except ValidationError as error:
        raise Invalid(_first_wrong(error)) from None
    sections = {"all": file.all, "standard": file.standard}
    sections |= {f'contracts."{name}"': section for name, section in file.contracts.items()}
    for name, section in sections.items():
        _must_be_terms(name, section)
    if not any(sections.values()):
        raise Invalid("The file changes nothing: give keys in [all], [standard] or [contracts.NAME].")
    return PolicyChange(file, tuple(years))


def must_be_known(change: PolicyChange, contracts: Iterable[str]) -> None:
    """Check that the change names only contracts in `contracts`.

    Raises Invalid for an unknown contract, or one that shares its version name with another contract.
    """
    known = list(contracts)
    for name in change.contracts:
        alike = [each for each in known if version_name(each) == version_name(name)]
        if name.lower() not in {each.lower() for each in alike}:
            there = ", ".join(sorted(known)) or "none"
            raise Invalid(f'contracts."{name}": there is no contract of that name; there are: {there}.')
        if len(alike) > 1:
            raise Invalid(f'contracts."{name}": tickets pinned under {" and ".join(alike)} cannot be told apart.')


def _must_be_terms(name: str, section: Mapping[str, Any]) -> None:
    promises = {key: value for key, value in section.items() if key != "calendar"}
    calendar = section.get("calendar", {})
    if not isinstance(calendar, dict):
        raise Invalid(f"{name}.calendar: give it as a table.")
    standard = Policy()
    for model, given, where in (
        (ContractTerms, _with_parts(standard, promises), name),
        (CalendarTerms, calendar, f"{name}.calendar"),
    ):
        try:
            model.model_validate(given)
        except ValidationError as error:
            # Whether the promises fit together is checked later, together with each ticket's unchanged ones.
            if model is CalendarTerms or error.errors()[0]["loc"]:
                raise Invalid(_first_wrong(error, where)) from None


def _with_parts(of: Policy, given: Mapping[str, Any]) -> dict[str, Any]:
    """The given values; a table given in part is completed from `of`, such as a span without its `counted`."""
    whole = {}
    for key, value in given.items():
        known = getattr(of, key, None)
        partly = isinstance(value, dict) and isinstance(known, BaseModel)
        whole[key] = known.model_dump() | value if partly and known is not None else value
    return whole


def _first_wrong(error: ValidationError, where: str = "") -> str:
    first = error.errors(include_url=False)[0]
    key = ".".join(str(part) for part in (where, *first["loc"]) if part != "")
    if first["type"] == "extra_forbidden":
        return f"{key}: there is no such key."
    return f"{key}: {first['msg'].removeprefix('Value error, ')}."


def years_between(first: date, last: date) -> tuple[int, ...]:
    """The years whose public holidays matter for promises made between the two days."""
    return tuple(range(first.year - 1, last.year + 3))
