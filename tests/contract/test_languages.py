"""Which language an `Accept-Language` header leads to (RFC 9110 §12.5.4 and §12.4.2)."""

import pytest

from services.contract.languages import accepted
from services.contract.limits import ACCEPT_LANGUAGE_CHARACTERS_MAX
from services.contract.vocabulary import Language

DUTCH, ITALIAN, ENGLISH = Language.DUTCH, Language.ITALIAN, Language.ENGLISH


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("nl", DUTCH),
        ("it;q=0.4,nl;q=0.6,en;q=0.5", DUTCH),
        ("fr-FR,it;q=0.4,nl;q=0.3", ITALIAN),
        ("it;q=1.000, nl;q=0.999", ITALIAN),
        ("nl,it", DUTCH),
        ("it,nl", ITALIAN),
        ("it\t;\tq=0.9 ,\tnl;q=0.8", ITALIAN),
        (",, nl ,", DUTCH),
    ],
)
def test_the_language_of_ours_that_is_wanted_most_is_taken_and_of_equals_the_first(
    header: str, language: Language
) -> None:
    assert accepted(header, ENGLISH) is language


@pytest.mark.parametrize("header", [None, "", " ", ",", "de", "de, fr;q=0.5", "q=1", ";q=1", "nl_NL", "dutch"])
def test_a_header_that_names_none_of_our_languages_changes_nothing(header: str | None) -> None:
    assert [accepted(header, each) for each in Language] == list(Language)


@pytest.mark.parametrize("header", ["NL", "Nl;Q=0.5", "nl-BE", "NL-be-x-home", "nl-BE;q=0.3"])
def test_case_does_not_matter_and_a_region_counts_as_its_language(header: str) -> None:
    assert accepted(header, ENGLISH) is DUTCH


@pytest.mark.parametrize("header", ["nl-BE, en;q=0.8, nl;q=0.2", "nl;q=0.2, en;q=0.8, nl-BE"])
def test_a_language_is_wanted_as_much_as_the_region_of_it_that_is_wanted_most(header: str) -> None:
    assert accepted(header, ENGLISH) is DUTCH


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("en;q=0, it;q=0.001", ITALIAN),
        ("en;q=0.0, it;q=0.1", ITALIAN),
        ("en;q=0, *;q=0.1", DUTCH),  # of our other languages, the first
        ("en;q=0, nl;q=0.000, *", ITALIAN),
        ("nl;q=0", ENGLISH),
    ],
)
def test_quality_zero_excludes_a_language(header: str, language: Language) -> None:
    assert accepted(header, ENGLISH) is language


def test_where_all_of_ours_are_excluded_the_header_changes_nothing() -> None:
    assert accepted("nl;q=0, it;q=0, en;q=0", ITALIAN) is ITALIAN
    assert accepted("*;q=0", ITALIAN) is ITALIAN
    assert accepted("*;q=0, en;q=0.1", ITALIAN) is ENGLISH


def test_who_excludes_a_region_does_not_exclude_its_language() -> None:
    assert accepted("en-US;q=0, en;q=0.5, nl;q=0.4", ITALIAN) is ENGLISH
    assert accepted("en-US;q=0, *;q=0.5", ENGLISH) is ENGLISH


def test_a_star_stands_for_every_language_that_is_not_named() -> None:
    assert accepted("*", ITALIAN) is ITALIAN
    assert accepted("nl, *;q=0.5", ITALIAN) is DUTCH
    assert accepted("nl;q=0.5, *", ITALIAN) is ITALIAN
    assert accepted("nl;q=0.5, *;q=0.8", DUTCH) is ITALIAN  # Dutch is named, so the star is not for it
    assert accepted("de, *;q=0.5", ITALIAN) is ITALIAN


@pytest.mark.parametrize(
    "quality", ["x", "", "2", "1.001", "-1", "+1", "1e0", "nan", "inf", ".5", "0.1234", "0,5", "\u0661", " 1", "1;a=b"]
)
def test_a_part_with_a_malformed_quality_is_ignored(quality: str) -> None:
    assert accepted(f"nl;q={quality}", ENGLISH) is ENGLISH
    assert accepted(f"nl;q={quality}, it;q=0.001", ENGLISH) is ITALIAN


@pytest.mark.parametrize("part", ["nl;level=1", "nl q=1", "nl;;q=1", "nl-", "*-NL", "n\u2113", "nederlands-of-holland"])
def test_a_part_that_is_not_a_language_with_a_quality_is_ignored(part: str) -> None:
    assert accepted(f"{part}, it;q=0.001", ENGLISH) is ITALIAN


def test_a_header_that_is_too_long_is_ignored_as_a_whole() -> None:
    longest = "nl" + "," * (ACCEPT_LANGUAGE_CHARACTERS_MAX - 2)
    assert accepted(longest, ENGLISH) is DUTCH
    assert accepted(longest + ",", ENGLISH) is ENGLISH
