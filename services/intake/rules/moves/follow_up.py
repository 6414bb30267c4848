"""Follow up: a reply of the requester's side to a ticket that is closed for good opens a new, linked one. Pure."""

from services.intake.rules.move import FINALISED, Move, at

MOVE = Move(
    name="follow_up",
    place=11,
    description="The requester's side, by a reply.",
    requester=at(FINALISED),
)
