"""Chooses one of the desk's languages by the `Accept-Language` header of an HTTP request. Pure."""

import re

from services.contract.limits import ACCEPT_LANGUAGE_CHARACTERS_MAX
from services.contract.vocabulary import Language

_WISH = re.compile(
    r"(?P<code>[a-z]{1,8}|\*)(?P<region>(?:-[a-z0-9]{1,8})*)"
    r"(?:[ \t]*;[ \t]*q=(?P<quality>0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?))?",
    re.IGNORECASE | re.ASCII,
)
_ANY = "*"


def accepted(header: str | None, otherwise: Language) -> Language:
    """The language of ours that an `Accept-Language` header (RFC 9110 §12.5.4) wants most, else `otherwise`.

    Of languages wanted equally, it is the one named first; `*` stands for all that are not named, `otherwise` first. A
    region counts as its language, except that refusing one (`en-US;q=0`) does not refuse the language. A part that
    breaks the RFC's grammar, such as `nl;q=x`, is ignored: its quality might have been a refusal. A header of more than
    ACCEPT_LANGUAGE_CHARACTERS_MAX characters is ignored as a whole.
    """
    if not header or len(header) > ACCEPT_LANGUAGE_CHARACTERS_MAX:
        return otherwise
    qualities = _qualities(header)
    named = [Language(code) for code in qualities if code in list(Language)]
    choices = dict.fromkeys((*named, otherwise, *Language))
    wanted = {each: qualities.get(each, qualities.get(_ANY, 0.0)) for each in choices}
    best = max(wanted, key=wanted.__getitem__)
    return best if wanted[best] > 0 else otherwise


def _qualities(header: str) -> dict[str, float]:
    qualities: dict[str, float] = {}
    for part in header.split(","):
        wish = _WISH.fullmatch(part.strip(" \t"))
        if wish is None or (wish["code"] == _ANY and wish["region"]):
            continue
        code, quality = wish["code"].lower(), float(wish["quality"] or 1)
        if quality > 0 or not wish["region"]:
            qualities[code] = max(quality, qualities.get(code, 0.0))
    return qualities
