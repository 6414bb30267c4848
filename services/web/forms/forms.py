"""Forms as browsers send them, and their errors in the visitor's language."""

import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import Request
from starlette.datastructures import UploadFile

from services.contract.errors import BalieError, Conflict, Invalid, TooLarge
from services.contract.limits import (
    ATTACHMENT_BYTES_MAX,
    ATTACHMENTS_MAX,
    EMAIL_CHARACTERS_MAX,
    FILE_NAME_CHARACTERS_MAX,
)
from services.contract.vocabulary import FieldProblem
from services.web.clients.intake_api import IntakeApi
from services.web.clients.records import Attachment
from services.web.words import Said

POSTED_FIELDS_MAX = 300
POSTED_FIELD_BYTES_MAX = 1024 * 1024
FIELD_PREFIX = "field_"
"""The prefix of form fields for the questions of a product's form; the question's key follows."""

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_KEY = re.compile(r"[\w-]{8,100}")
_KEPT = re.compile(
    rf"(?P<id>[0-9a-f-]{{36}})/(?P<size>\d{{1,12}})/(?P<name>.{{1,{FILE_NAME_CHARACTERS_MAX}}})", re.DOTALL
)


@dataclass(frozen=True)
class File:
    """A file of a form; `content` is empty if the file is too large."""

    name: str
    content_type: str
    size: int
    content: bytes


@dataclass
class Form:
    """A form as sent: its fields and files. `kept` are files uploaded when the same form was sent before."""

    fields: dict[str, str]
    files: list[File]
    kept: list[Attachment]
    errors: dict[str, str] = field(default_factory=dict)
    """A sentence for each field with an error, by the field's name; '' stands for the whole form."""
    several: dict[str, list[str]] = field(default_factory=dict)
    """All values of each field, for those that may come more than once."""

    @classmethod
    def of(cls, **fields: object) -> "Form":
        """A new form with these values and a new key."""
        return cls({"key": new_key(), **{name: str(value) for name, value in fields.items()}}, [], [])

    def __getitem__(self, name: str) -> str:
        return self.fields.get(name, "").strip()

    @property
    def key(self) -> str:
        """The idempotency key, which makes a double click or a repeat one act; a new key if the form has none."""
        return self["key"] if _KEY.fullmatch(self["key"]) else new_key()

    def every(self, name: str) -> list[str]:
        """All values of the field that are not empty: of checkboxes, the checked ones."""
        return [value.strip() for value in self.several.get(name, []) if value.strip()]

    def id(self, name: str) -> str | None:
        """The field as an id; None if it is not one."""
        try:
            return str(UUID(self[name]))
        except ValueError:
            return None

    def instant(self, name: str, zone: str) -> datetime | None:
        """A field for date and time, read as local time in a zone, in UTC; None if it is not a date and time."""
        try:
            return datetime.fromisoformat(self[name]).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
        except (ValueError, OverflowError):  # the first and last day there is may have no time in UTC
            return None

    @property
    def product_fields(self) -> dict[str, str]:
        """The answers to the questions of a product's form, by key."""
        return {
            name.removeprefix(FIELD_PREFIX): value.strip()
            for name, value in self.fields.items()
            if name.startswith(FIELD_PREFIX) and value.strip()
        }

    def number(self, name: str) -> int | None:
        """The field as a whole number; None if it is not one."""
        return int(self[name]) if re.fullmatch(r"\d{1,9}", self[name]) else None

    def choice(self, name: str, choices: Iterable[str], otherwise: str) -> str:
        """The field if it is one of the choices, else `otherwise`."""
        return self[name] if self[name] in [str(choice) for choice in choices] else otherwise

    def need(self, name: str, t: Said, characters_max: int | None) -> None:
        """Note an error if the field is empty or too long."""
        if not self[name]:
            known = t.knows(f"wrong.no_{name}")
            self.errors[name] = t(f"wrong.no_{name}") if known else t("wrong.field_missing")
        elif characters_max is not None and len(self[name]) > characters_max:
            self.errors[name] = t("wrong.too_long", max=f"{characters_max:,}".replace(",", " "))

    def need_email(self, name: str, t: Said) -> None:
        """Note an error if the field is not an e-mail address."""
        if not _EMAIL.fullmatch(self[name]) or len(self[name]) > EMAIL_CHARACTERS_MAX:
            self.errors[name] = t("wrong.no_email")

    def need_files(self, t: Said) -> None:
        """Note an error where there are too many files or one is too large."""
        if len(self.files) + len(self.kept) > ATTACHMENTS_MAX:
            self.errors["files"] = t("wrong.too_many_files", max=ATTACHMENTS_MAX)
        elif large := [file.name for file in self.files if file.size > ATTACHMENT_BYTES_MAX]:
            self.errors["files"] = t("wrong.file_too_large", name=large[0], max=t.size(ATTACHMENT_BYTES_MAX))


def new_key() -> str:
    """A new idempotency key for one form on one page."""
    return secrets.token_urlsafe(18)


async def read(request: Request) -> Form:
    """The form sent with this request; reading it again gives the same object."""
    known: Form | None = getattr(request.state, "form", None)
    if known is None:
        known = request.state.form = await _read(request)
    return known


async def _read(request: Request) -> Form:
    async with request.form(
        max_files=ATTACHMENTS_MAX + 1, max_fields=POSTED_FIELDS_MAX, max_part_size=POSTED_FIELD_BYTES_MAX
    ) as sent:
        several: dict[str, list[str]] = {}
        for name, value in sent.multi_items():
            if isinstance(value, str):
                several.setdefault(name, []).append(value.replace("\r\n", "\n"))
        fields = {name: values[-1] for name, values in several.items()}
        given = [file for file in sent.getlist("files") if isinstance(file, UploadFile) and file.filename]
        kept = [attachment for value in sent.getlist("kept") if (attachment := _kept(str(value)))]
        return Form(fields, [await _file(file) for file in given], kept, several=several)


async def _file(file: UploadFile) -> File:
    size = file.size or 0
    content = await file.read() if size <= ATTACHMENT_BYTES_MAX else b""
    return File(str(file.filename), file.content_type or "application/octet-stream", size, content)


async def upload(form: Form, intake: IntakeApi) -> list[str]:
    """Upload the form's files; returns the ids of all its attachments, including those uploaded before.

    Each uploaded file moves to `form.kept`, so that the form keeps it if the page is shown again because of an error.
    """
    while form.files:
        file = form.files[0]
        position = len(form.kept)
        form.kept.append(await intake.upload(form.key, position, file.name, file.content_type, file.content))
        form.files.pop(0)
    # Each id once: a file that is kept and chosen again may get the same id.
    return list(dict.fromkeys(str(attachment.id) for attachment in form.kept))


def about_product(form: Form) -> dict[str, Any]:
    """The facts of a new ticket about the chosen product; empty if none was chosen."""
    product = form.id("product_id")
    return {"product_id": product, "fields": form.product_fields} if product else {}


def explain(form: Form, error: BalieError, t: Said) -> None:
    """Note in the form what intake refused: at the field it is about if that is known, else for the whole form."""
    for wrong in error.facts.get("fields", []) if isinstance(error, Invalid) else []:
        name = str(wrong.get("field", "")).removeprefix("body.")
        if name in form.fields:
            form.errors[name] = t("wrong.refused_field")
    for wrong in error.facts.get("errors", []) if isinstance(error, Invalid) else []:
        problem = wrong.get("problem") if wrong.get("problem") in list(FieldProblem) else FieldProblem.UNKNOWN
        form.errors[f"{FIELD_PREFIX}{wrong.get('field')}"] = t(f"wrong.field_{problem}")
    if isinstance(error, TooLarge):
        form.errors["files"] = t("problem.too-large")
    elif isinstance(error, Conflict) and error.slug == Conflict.slug and "Idempotency-Key" in error.detail:
        # The form was sent before under the same key, with other content, and that did arrive.
        form.errors[""] = t("wrong.sent_before")
        form.fields["key"] = new_key()
    elif not form.errors:
        form.errors[""] = sentence(error, t)


def sentence(error: BalieError, t: Said) -> str:
    """The sentence for an error, in the visitor's language."""
    key = f"problem.{error.slug}"
    return t(key) if t.knows(key) else t("problem.internal")


def _kept(value: str) -> Attachment | None:
    if not (found := _KEPT.fullmatch(value)):
        return None
    try:
        return Attachment(id=UUID(found["id"]), name=found["name"], content_type="", size=int(found["size"]))
    except ValueError:
        return None
