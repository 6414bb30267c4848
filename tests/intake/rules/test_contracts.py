"""What people may write down as promised, and the policy a ticket is pinned to because of it."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from services.contract.vocabulary import Metric, Priority
from services.intake.rules.contracts import CalendarTerms, ContractTerms, PriorityRule, Terms, version_name
from services.promises.working_time import Counted, Span, add

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
OFFICE = [["09:00-17:00"]] * 5 + [[], []]


def refused(model: type[CalendarTerms | ContractTerms], terms: dict[str, Any]) -> tuple[tuple[Any, ...], str]:
    with pytest.raises(ValidationError) as raised:
        model.model_validate(terms)
    first = raised.value.errors()[0]
    return first["loc"], first["msg"].removeprefix("Value error, ")


def span(length: str, counted: str = "calendar") -> dict[str, str]:
    return {"length": length, "counted": counted}


def test_left_out_terms_are_the_desks_own() -> None:
    assert ContractTerms.model_validate({}) == ContractTerms()


def test_terms_come_back_from_json_as_they_were() -> None:
    terms = Terms(
        name="Acme",
        contract=ContractTerms(closure_after=Span(length=timedelta(days=20)), warn_at=(50, 90)),
        calendar=CalendarTerms.model_validate({"week": OFFICE, "country": "DE", "region": "BY"}),
    )
    assert Terms.model_validate_json(terms.model_dump_json()) == terms
    assert terms.model_dump(mode="json")["contract"]["closure_after"]["length"] == "P20D"


@pytest.mark.parametrize(
    ("terms", "where", "sentence"),
    [
        ({"zone": "Mars/Olympus"}, ("zone",), "there is no time zone 'Mars/Olympus'"),
        ({"week": [[]] * 7}, ("week",), "a week without any hours"),
        ({"week": [["09:00-10:00"]] + [[]] * 6}, ("week",), "at least 4 hours of work"),
        ({"week": [["22:00-06:00"]] * 7}, ("week", 0, 0), "for hours over midnight write"),
        ({"week": [["09:00-13:00", "12:00-17:00"]] + [[]] * 6}, ("week",), "overlap"),
        ({"country": "XX"}, (), "The public holidays of a country 'XX' are not known"),
        ({"country": "DE", "region": "Atlantis"}, (), "DE has no region 'Atlantis': choose one of"),
        ({"country": "LU", "region": "NH"}, (), "LU has no region 'NH': choose none"),
        ({"region": "BY"}, (), "a region needs its country"),
        (
            {"own_days": ["2026-12-24"], "worked_days": ["2026-12-24"]},
            (),
            "2026-12-24 is a day off and a day of work",
        ),
    ],
)
def test_a_calendar_that_cannot_be_kept_is_refused_with_a_reason(
    terms: dict[str, Any], where: tuple[Any, ...], sentence: str
) -> None:
    refused_where, message = refused(CalendarTerms, terms)
    assert refused_where == where
    assert sentence in message


@pytest.mark.parametrize(
    ("terms", "sentence"),
    [
        ({"reminder_after": span("P400D")}, "the longest time in calendar time is 8784 hours, not 9600 hours"),
        ({"survey_after": span("P90D", "working")}, "the longest time in working time is 2000 hours, not 2160 hours"),
        ({"reminder_after": span("P14D")}, "closed later than its requester is reminded"),
        (
            {"targets": [{"metric": "resolution", "within": span("P1D")}] * 2},
            "resolution for every other priority is promised twice",
        ),
        (
            {"targets": [{"metric": "resolution", "within": span("PT0S"), "priority": "high"}]},
            "resolution for high priority cannot be promised within no time at all",
        ),
        ({"pauses": [{"metric": "agent_work", "status": "pending"}]}, "agent_work never counts while pending"),
        ({"pauses": [{"metric": "resolution", "status": "solved"}]}, "resolution never counts while solved"),
        ({"escalations": [{"after": "PT1H"}]}, "the first escalation step is the breach itself"),
        ({"escalations": [{}, {"after": "PT2H"}, {"after": "PT2H"}]}, "comes later after the breach than the one"),
        ({"escalations": [{}, {"after": "P61D"}]}, "at most 1440 hours after the breach"),
        ({"escalations": [{"tell": []}]}, "tells somebody"),
        ({"warn_at": [100]}, "less than or equal to 99"),
    ],
)
def test_promises_that_make_no_sense_are_refused_with_a_reason(terms: dict[str, Any], sentence: str) -> None:
    assert sentence in refused(ContractTerms, terms)[1]


def test_what_is_written_down_in_another_order_is_the_same_policy() -> None:
    one = CalendarTerms.model_validate({"own_days": ["2026-12-24", "2026-05-05"]})
    other = CalendarTerms.model_validate({"own_days": ["2026-05-05", "2026-12-24", "2026-05-05"]})
    warned = ContractTerms(warn_at=(90, 50)), ContractTerms(warn_at=(50, 90, 50))
    assert Terms(calendar=one, contract=warned[0]).policy(NOW) == Terms(calendar=other, contract=warned[1]).policy(NOW)


def test_days_off_are_public_holidays_and_own_days_but_not_those_worked() -> None:
    terms = CalendarTerms(
        country="NL", own_days=(date(2026, 12, 24),), worked_days=(date(2026, 12, 26), date(2026, 12, 28))
    )
    december = {day for day in terms.calendar(2026).days_off if (day.year, day.month) == (2026, 12)}
    assert december == {date(2026, 12, 24), date(2026, 12, 25)}


def test_a_year_whose_holidays_nobody_knows_yet_stops_no_ticket_from_being_opened() -> None:
    # Sri Lanka's are announced from year to year.
    terms = CalendarTerms(country="LK")
    assert terms.calendar(2040).days_off == frozenset()


@pytest.mark.parametrize(
    ("name", "version"),
    [
        ("standard", "standard"),
        ("Müller & Söhne GmbH", "muller-sohne-gmbh"),
        ("  -- Acme / 2027 --  ", "acme-2027"),
        ("株式会社", "contract"),
        ("'; drop table intake.ticket; --", "drop-table-intake-ticket"),
        ("x" * 200, "x" * 40),
    ],
)
def test_policies_are_named_after_their_contract(name: str, version: str) -> None:
    assert version_name(name) == version
    assert Terms(name=name).policy(NOW).version == f"{version}-{Terms().policy(NOW).version[-8:]}"


@given(name=st.text(max_size=300))
def test_any_name_makes_a_plain_version(name: str) -> None:
    version = version_name(name)
    assert 0 < len(version) <= 40
    assert set(version) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")


def test_a_policy_is_the_same_all_year_and_knows_later_holidays_in_the_next() -> None:
    new_year = datetime(2026, 12, 31, 23, tzinfo=UTC)  # midnight in Amsterdam
    policy = Terms().policy(NOW)
    assert Terms().policy(new_year - timedelta(seconds=1)) == policy
    assert Terms().policy(new_year).calendar.days_off - policy.calendar.days_off == {
        day for day in Terms().calendar.calendar(2027).days_off if day.year == 2029
    }


@pytest.mark.parametrize(
    ("terms", "asked", "counts"),
    [
        (ContractTerms(), Priority.LOW, Priority.LOW),
        (ContractTerms(priority_rule=PriorityRule.ALWAYS_HIGH), Priority.LOW, Priority.HIGH),
        (ContractTerms(ordinary_until=date(2026, 11, 21)), Priority.HIGH, Priority.MEDIUM),
        (ContractTerms(ordinary_until=date(2026, 11, 20)), Priority.HIGH, Priority.HIGH),
    ],
)
def test_a_contract_says_which_priority_counts(terms: ContractTerms, asked: Priority, counts: Priority) -> None:
    assert Terms(contract=terms).priority(asked, NOW) is counts


def test_the_longest_promise_in_the_shortest_week_with_the_most_days_off_is_found() -> None:
    mondays = tuple(date(2026, 11, 23) + timedelta(weeks=week) for week in range(400))
    calendar = CalendarTerms.model_validate({"week": [["09:00-13:00"]] + [[]] * 6, "own_days": mondays}).calendar(2026)
    longest = Span(length=timedelta(hours=2000) + timedelta(days=60), counted=Counted.WORKING)
    assert add(NOW, longest, calendar) > NOW + timedelta(days=365 * 20)


def test_every_metric_can_be_paused_where_it_counts() -> None:
    pauses = [{"metric": metric, "status": "open"} for metric in Metric]
    assert len(ContractTerms.model_validate({"pauses": pauses * 2}).pauses) == len(Metric)
