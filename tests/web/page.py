"""A page as a browser without scripts sees it: its text, its links, and its forms with the values they send."""

import html
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from html.parser import HTMLParser

import httpx

_INPUTS = {"input", "button", "textarea", "select"}


@dataclass
class Form:
    """A form, with the values that it sends if nobody types anything."""

    method: str
    action: str
    id: str = ""
    fields: dict[str, str] = field(default_factory=dict)
    every: dict[str, list[str]] = field(default_factory=dict)
    """All values of each field, for fields that occur more than once."""
    names: set[str] = field(default_factory=set)
    """The names of all fields and buttons."""


class Page(HTMLParser):
    """A response, parsed as a page."""

    def __init__(self, response: httpx.Response) -> None:
        super().__init__()
        self.response = response
        self.status = response.status_code
        self.source = response.text
        self.forms: list[Form] = []
        self.links: list[str] = []
        self.ids: list[str] = []
        self._words: list[str] = []
        self._textarea: str | None = None
        self._select: str | None = None
        self.feed(self.source)

    @property
    def words(self) -> str:
        """The text of the page, with single spaces."""
        return re.sub(r"\s+", " ", " ".join(self._words))

    @property
    def leads_to(self) -> str:
        """The address that a redirect leads to."""
        assert self.status == 303, f"{self.status}: {self.words[:300]}"
        return self.response.headers["Location"]

    def form(self, action: str, names: Iterable[str] = ()) -> Form:
        """The form that sends to this address; of several, the one with fields or buttons of these names."""
        found = [form for form in self.forms if form.action == action and form.method == "post"]
        assert found, f"no form sends to {action}; there are {[form.action for form in self.forms]}: {self.words[:300]}"
        return next((form for form in found if form.names.issuperset(names)), found[0])

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Called by the parser."""
        given = {name: value or "" for name, value in attrs}
        if "id" in given:
            self.ids.append(given["id"])
        if tag == "form":
            action = given.get("action") or self.response.url.path
            self.forms.append(Form(given.get("method", "get"), action, given.get("id", "")))
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        if tag in _INPUTS and self.forms and "name" in given:
            self._input(tag, given)
        if tag == "option" and self._select and ("selected" in given or self._select not in self.forms[-1].fields):
            self.forms[-1].fields[self._select] = given["value"]
        for spoken in ("aria-label", "title", "placeholder"):
            self._words.append(given.get(spoken, ""))

    def handle_endtag(self, tag: str) -> None:
        """Called by the parser."""
        if tag == "textarea":
            self._textarea = None
        if tag == "select":
            self._select = None

    def handle_data(self, data: str) -> None:
        """Called by the parser."""
        self._words.append(html.unescape(data))
        if self._textarea:
            self.forms[-1].fields[self._textarea] += data

    def _input(self, tag: str, given: dict[str, str]) -> None:
        owner = next((form for form in self.forms if form.id and form.id == given.get("form")), self.forms[-1])
        form, name, kind = owner, given["name"], given.get("type", "text")
        form.names.add(name)
        if tag == "textarea":
            self._textarea, form.fields[name] = name, ""
        elif tag == "select":
            self._select = name
        elif tag == "input" and _is_sent(kind, given):
            form.fields[name] = given.get("value", "")
            form.every.setdefault(name, []).append(form.fields[name])


def _is_sent(kind: str, given: dict[str, str]) -> bool:
    if kind in ("radio", "checkbox"):
        return "checked" in given
    return kind not in ("file", "submit")
