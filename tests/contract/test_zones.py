from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from pydantic import TypeAdapter, ValidationError

from services.contract.zones import DESK_ZONE, ZoneName, zone_label, zone_names, zone_read_in

WINTER = datetime(2026, 12, 1, tzinfo=UTC)


def test_every_zone_that_may_be_chosen_exists_and_has_a_name_at_an_instant() -> None:
    for name in zone_names():
        ZoneInfo(name)
        assert zone_label(WINTER, name)


def test_zones_all_over_the_world_may_be_chosen_and_none_that_says_nothing() -> None:
    known = set(zone_names())
    assert {DESK_ZONE, "UTC", "America/New_York", "Asia/Kathmandu", "Pacific/Apia"} <= known
    assert known.isdisjoint({"localtime", "Factory", "posixrules"})


@pytest.mark.parametrize("wrong", ["", "Mars/Olympus", "europe/amsterdam", "Europe", "../etc/passwd", "UTC\x00"])
def test_an_unknown_zone_is_refused(wrong: str) -> None:
    with pytest.raises(ValidationError, match="there is no time zone"):
        TypeAdapter(ZoneName).validate_python(wrong)


@pytest.mark.parametrize(
    ("zone", "label"),
    [
        ("Europe/Amsterdam", "CET"),
        ("UTC", "UTC"),
        ("Asia/Kathmandu", "UTC+5:45"),
        ("America/St_Johns", "NST"),
        ("America/Sao_Paulo", "UTC-3"),
        ("Pacific/Marquesas", "UTC-9:30"),
    ],
)
def test_a_zone_without_letters_of_its_own_is_named_by_its_distance_from_utc(zone: str, label: str) -> None:
    assert zone_label(WINTER, zone) == label


@pytest.mark.parametrize(
    ("chosen", "read_in"), [(None, "Europe/Rome"), ("Asia/Kathmandu", "Asia/Kathmandu"), ("Moon/Sea", "Europe/Rome")]
)
def test_who_chose_no_zone_or_one_unknown_here_reads_in_the_desks(chosen: str | None, read_in: str) -> None:
    assert zone_read_in(chosen, "Europe/Rome") == read_in
