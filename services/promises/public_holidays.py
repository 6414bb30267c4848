"""Public holidays by country and region, from the `holidays` library. Pure: the library reads its own tables only.

A public holiday is not always a day off at work (Good Friday in the Netherlands). So these are only proposals for a
calendar, which holds the days on which the desk is really closed.
"""

import warnings
from collections.abc import Iterable
from datetime import date
from functools import cache

from holidays import country_holidays, list_supported_countries

from services.contract.errors import Invalid

YEARS_AT_ONCE_MAX = 50
"""Most years in one call."""


def countries() -> tuple[str, ...]:
    """The countries whose public holidays are known, as ISO 3166-1 codes of two letters."""
    return tuple(_regions_by_country())


def regions(country: str) -> tuple[str, ...]:
    """The regions of a country with public holidays of their own, as the library calls them (mostly ISO 3166-2 without
    the country). Raises Invalid for a country that is not known."""
    known = _regions_by_country()
    if country not in known:
        raise Invalid(
            f"The public holidays of a country {country!r} are not known. Give the two capital letters of its ISO 3166 "
            "code, as in NL, IT or GB, or no country and your own days off.",
            countries=list(known),
        )
    return known[country]


def years_known(country: str) -> range:
    """The years for which a country's public holidays are known. In some of them a few holidays may be missing: India's
    are complete from 2001 to 2035 only. Raises Invalid for a country that is not known."""
    regions(country)
    found = country_holidays(country)
    return range(found.start_year, found.end_year + 1)


def days_off(country: str, region: str | None, years: Iterable[int]) -> dict[date, str]:
    """The public holidays of these years, earliest first, with their names in the country's own language.

    Holidays on a weekend are included. Without a region: the holidays of the whole country. Raises Invalid for a
    country, region or year that is not known.
    """
    _check_region(country, region)
    wanted = set(years)
    _check_years(country, wanted)
    # Pass the country's own language: otherwise the library takes the language from the environment.
    language = country_holidays(country).default_language
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        try:
            return dict(sorted(country_holidays(country, subdiv=region, years=wanted, language=language).items()))
        except UserWarning as some_missing:  # India's Hindu holidays
            raise Invalid(f"The public holidays of {country} are not all known then: {some_missing}") from None


def _check_region(country: str, region: str | None) -> None:
    known = regions(country)
    if region is None or region in known:
        return
    choose = f"Choose one of {', '.join(known)}, or none" if known else "Choose none"
    raise Invalid(f"{country} has no region {region!r}. {choose} for the days of the whole country.")


def _check_years(country: str, years: set[int]) -> None:
    if len(years) > YEARS_AT_ONCE_MAX:
        raise Invalid(f"{len(years)} years are too many at once: ask for at most {YEARS_AT_ONCE_MAX}.")
    known = years_known(country)
    for year in sorted(years):
        if year not in known:
            raise Invalid(
                f"The public holidays of {country} are known from {known[0]} to {known[-1]}, not of {year}: "
                "ask for years between, or give your own days off."
            )


@cache
def _regions_by_country() -> dict[str, tuple[str, ...]]:
    known = list_supported_countries(include_aliases=False)
    return {country: tuple(sorted(known[country])) for country in sorted(known)}
