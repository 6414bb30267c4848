"""Public holidays against days a person can look up, and what is said where they are not known."""

import os
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta

import pytest

from services.contract.errors import Invalid
from services.promises.public_holidays import YEARS_AT_ONCE_MAX, countries, days_off, regions, years_known
from services.promises.working_time import DAYS_OFF_MAX, Calendar, Counted, Span, add


def test_the_dutch_days_of_a_year_are_named_as_the_dutch_call_them() -> None:
    assert days_off("NL", None, [2026]) == {
        date(2026, 1, 1): "Nieuwjaarsdag",
        date(2026, 4, 3): "Goede vrijdag",
        date(2026, 4, 5): "Eerste paasdag",
        date(2026, 4, 6): "Tweede paasdag",
        date(2026, 4, 27): "Koningsdag",
        date(2026, 5, 14): "Hemelvaartsdag",
        date(2026, 5, 24): "Eerste pinksterdag",
        date(2026, 5, 25): "Tweede pinksterdag",
        date(2026, 12, 25): "Eerste kerstdag",
        date(2026, 12, 26): "Tweede kerstdag",
    }


def test_a_region_adds_its_own_days_to_those_of_its_country() -> None:
    country, rome = days_off("IT", None, [2026]), days_off("IT", "RM", [2026])

    assert rome.keys() - country.keys() == {date(2026, 6, 29)}
    assert country.items() <= rome.items()


def test_several_years_come_in_order_and_each_once() -> None:
    days = days_off("DE", "BY", iter([2027, 2025, 2026, 2025]))

    assert list(days) == sorted(days)
    assert days == days_off("DE", "BY", [2025]) | days_off("DE", "BY", [2026]) | days_off("DE", "BY", [2027])
    assert {day.year for day in days} == {2025, 2026, 2027}


def test_no_year_has_no_days() -> None:
    assert days_off("NL", None, []) == {}


@pytest.mark.own_parts
def test_the_names_do_not_depend_on_the_language_of_the_machine() -> None:
    program = "from services.promises.public_holidays import *; print(*days_off('NL', None, [2026]).values(), sep='|')"

    def said(language: str) -> str:
        environment = os.environ | {"LANGUAGE": language}
        return subprocess.run(
            [sys.executable, "-c", program], env=environment, text=True, capture_output=True, check=True
        ).stdout.strip()

    assert {said("en_US"), said("th")} == {"|".join(days_off("NL", None, [2026]).values())}


def test_every_country_and_every_region_that_is_offered_can_be_had() -> None:
    assert {"NL", "IT", "GB", "BE", "DE"} <= set(countries())
    assert list(countries()) == sorted(set(countries()))
    for country in countries():
        for region in (None, *regions(country)):
            days_off(country, region, [])


@pytest.mark.parametrize("country", ["NL", "KH", "LK"])
def test_as_many_years_as_may_be_asked_for_fit_a_calendar_even_where_many_days_are_off(country: str) -> None:
    days = days_off(country, None, years_known(country)[-YEARS_AT_ONCE_MAX:])

    assert len(Calendar(days_off=frozenset(days)).days_off) == len(days) < DAYS_OFF_MAX


def test_the_years_that_are_known_can_be_asked_for() -> None:
    for country in set(countries()) - {"IN"}:
        known = years_known(country)
        days_off(country, None, [known[0], 2026, known[-1]])


def test_years_of_which_only_some_days_are_known_are_refused() -> None:
    assert days_off("IN", None, [2035])
    with pytest.raises(Invalid, match=r"of IN are not all known then: .* only from 2001 to 2035"):
        days_off("IN", None, [2035, 2036])


def test_48_working_hours_over_dutch_easter_leave_good_friday_and_easter_monday_out() -> None:
    calendar = Calendar(days_off=frozenset(days_off("NL", None, [2026])))
    thursday_noon = datetime(2026, 4, 2, 10, tzinfo=UTC)

    due = add(thursday_noon, Span(length=timedelta(hours=48), counted=Counted.WORKING), calendar)

    assert due == datetime(2026, 4, 8, 10, tzinfo=UTC)  # Wednesday noon: half of Thursday, Tuesday, half of Wednesday


@pytest.mark.parametrize("country", ["XX", "nl", "NLD", "", "Nederland"])
def test_a_country_that_is_not_known_is_refused_with_what_to_give_instead(country: str) -> None:
    with pytest.raises(Invalid, match=r"not known\. Give the two capital letters") as of_days:
        days_off(country, None, [2026])
    with pytest.raises(Invalid, match=f"a country '{country}'"):
        regions(country)

    assert of_days.value.facts == {"countries": list(countries())}


def test_a_region_that_is_not_known_is_refused_with_those_that_are() -> None:
    with pytest.raises(Invalid) as refused:
        days_off("GB", "XYZ", [2026])

    assert refused.value.detail == (
        "GB has no region 'XYZ'. Choose one of ENG, NIR, SCT, WLS, or none for the days of the whole country."
    )


def test_a_region_of_a_country_without_any_is_refused() -> None:
    assert regions("SE") == ()
    with pytest.raises(Invalid, match=r"SE has no region 'AB'\. Choose none for the days of the whole country"):
        days_off("SE", "AB", [2026])


@pytest.mark.parametrize("year", [-1, 0, 1965, 9999])
def test_a_year_whose_days_nobody_knows_is_refused_and_not_taken_for_a_year_without_any(year: int) -> None:
    with pytest.raises(Invalid, match=f"The public holidays of NL are known from 1966 to [0-9]+, not of {year}:"):
        days_off("NL", None, [2026, year])


def test_more_years_than_the_limit_are_refused() -> None:
    assert days_off("NL", None, range(2000, 2000 + YEARS_AT_ONCE_MAX))
    with pytest.raises(Invalid, match="51 years are too many at once: ask for at most 50"):
        days_off("NL", None, range(2000, 2001 + YEARS_AT_ONCE_MAX))
