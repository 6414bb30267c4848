"""Recognises mails written by machines, which must not be answered (that starts loops), and delivery failures. Pure."""

import re
from dataclasses import dataclass

from services.intake.mail.headers import Address, Headers
from services.intake.mail.parts import Parts

FAILED_RECIPIENTS_MAX = 50

_MACHINES = re.compile(
    r"(mailer-?daemon|postmaster|(.*[-_.+])?(no|do[-_.]?not|dont)[-_.]?reply|bounces?([-_.+=].*)?|listserv|majordomo)",
    re.IGNORECASE,
)
_BULK = frozenset({"bulk", "junk", "list", "auto_reply"})
_SUPPRESSED = frozenset({"all", "oof", "autoreply", "dr", "rn", "nrn"})
_RECIPIENT = re.compile(r"^(original|final)-recipient:\s*(?:[\w-]+\s*;)?\s*<?([^\s<>]+@[^\s<>]+?)>?\s*$", re.I | re.M)
_ACTION = re.compile(r"^action:\s*([a-z]+)", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True)
class Bounce:
    """A report that a mail of ours did not arrive: at which recipients, and whether delivery is only delayed."""

    recipients: tuple[str, ...]
    delayed: bool
    returned_ids: tuple[str, ...]
    """The Message-IDs of the mails that did not arrive."""


def written_by_machine(headers: Headers, sender: Address | None) -> str | None:
    """Why the mail counts as written by a machine, by RFC 3834 and other common headers; None if it does not."""
    if (submitted := headers.text("auto-submitted").lower()) and not submitted.startswith("no"):
        return f"Auto-Submitted: {submitted}"
    if headers.text("content-type").lower().startswith("multipart/report"):
        return "It is a report of a mail system."
    if headers.raw("return-path").replace(" ", "") == "<>":
        return "It has an empty return path."
    if (precedence := headers.text("precedence").lower()) in _BULK:
        return f"Precedence: {precedence}"
    if _SUPPRESSED & {word.strip() for word in headers.text("x-auto-response-suppress").lower().split(",")}:
        return "X-Auto-Response-Suppress"
    for name in ("list-id", "x-autoreply", "x-autorespond"):
        if headers.raw(name):
            return name.title()
    if sender is not None and _MACHINES.fullmatch(sender.email.partition("@")[0]):
        return f"{sender.email} is no person's address."
    return None


def bounce(headers: Headers, sender: Address | None, parts: Parts) -> Bounce | None:
    """The failed or delayed delivery that the mail reports; None where it is no such report."""
    kind = headers.text("content-type").lower()
    is_report = kind.startswith("multipart/report") and "delivery-status" in kind
    if not is_report and not (parts.reports and written_by_machine(headers, sender)):
        return None
    told = "\n".join(parts.reports)
    named: dict[str, None] = {}
    for _, email in sorted(_RECIPIENT.findall(told), key=lambda found: found[0].lower() != "original"):
        named.setdefault(email.lower())
    actions = {action.lower() for action in _ACTION.findall(told)}
    return Bounce(
        recipients=tuple(named)[:FAILED_RECIPIENTS_MAX],
        delayed="delayed" in actions and "failed" not in actions,
        returned_ids=tuple(id for returned in parts.returned for id in returned.message_ids("message-id")),
    )
