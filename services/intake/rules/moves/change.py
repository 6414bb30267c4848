"""Change: correct what the ticket is about. Pure."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field, StringConstraints

from services.contract.limits import FIELD_CHARACTERS_MAX, FIELD_KEY_CHARACTERS_MAX, FIELDS_MAX
from services.contract.moves import Shown
from services.contract.storable import Storable
from services.contract.vocabulary import Kind
from services.intake.history.shared_lines import Changed
from services.intake.rules.body import Input, Subject
from services.intake.rules.decision import changed, next_version
from services.intake.rules.move import ABOUT, Move, Order
from services.intake.rules.ticket import Decision, ProductRef, Ticket

FieldKey = Annotated[str, StringConstraints(min_length=1, max_length=FIELD_KEY_CHARACTERS_MAX), Storable]
FieldText = Annotated[str, StringConstraints(max_length=FIELD_CHARACTERS_MAX), Storable]


@dataclass(frozen=True)
class Change(Order):
    """Correct what the ticket is about; a field that is None stays as it is."""

    subject: str | None = None
    kind: Kind | None = None
    product: ProductRef | None = None
    fields: dict[str, str] | None = None


class ChangeIn(Input):
    """What to correct; what is left out stays."""

    subject: Subject | None = None
    kind: Kind | None = None
    product_id: UUID | None = None
    fields: dict[FieldKey, FieldText] | None = Field(default=None, max_length=FIELDS_MAX)


def change(command: Change, ticket: Ticket, now: datetime) -> Decision:
    """Correct what the ticket is about. The caller has checked the fields against the product's form."""
    wanted = {
        name: getattr(command, name)
        for name in ("subject", "kind", "product", "fields")
        if getattr(command, name) is not None
    }
    new = {name: value for name, value in wanted.items() if value != getattr(ticket, name)}
    if not new:
        return Decision(ticket)
    facts = {name: value.name if name == "product" else value for name, value in new.items() if name != "fields"}
    return changed(next_version(ticket, now, **new), command.by, tuple(sorted(new)), Changed(**facts))


MOVE = Move(
    name="change",
    place=100,
    summary="Correct what it is about",
    description="Support staff and services. Fields are checked against the form of the product, the new "
    "one where it changes.",
    command=Change,
    rule=change,
    staff=ABOUT,
    body=ChangeIn,
    shown=Shown.ACTION,
    key="e",
)
