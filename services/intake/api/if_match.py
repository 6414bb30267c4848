"""The header `If-Match`: change something only if it is still at the version the caller read."""

from typing import Annotated

from fastapi import Depends, Header

from services.contract.errors import Invalid

VERSION_DIGITS_MAX = 9

_Header = Annotated[
    str | None,
    Header(alias="If-Match", max_length=100, description="The ETag read last: answers 412 if it has changed since."),
]


def read_version(if_match: _Header = None) -> int | None:
    """The version in `If-Match`, or None to accept any version. Raises Invalid for an ETag that is not ours."""
    if if_match is None or if_match == "*":
        return None
    version = if_match.removeprefix('"').removesuffix('"')
    if not (version.isascii() and version.isdigit() and len(version) <= VERSION_DIGITS_MAX):
        raise Invalid('If-Match takes the ETag it was answered with, as in "3".')
    return int(version)


VersionRead = Annotated[int | None, Depends(read_version)]
