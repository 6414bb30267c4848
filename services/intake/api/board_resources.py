"""What the HTTP API gives about the product director's board."""

from datetime import datetime

from pydantic import BaseModel, Field

from services.intake.api.ticket_resources import ParkingOut, TicketSummary


class PartsOut(BaseModel):
    """What the score is the sum of, in points."""

    workaround: int = Field(description="30 where there is none.")
    reporters: int = Field(description="10 for each customer that reports it, at most 100.")
    effort: int = Field(description="0 small, -10 medium, -25 large.")
    urgency: int = Field(description="Of the most urgent report: 20 high, 10 medium; 5 more where it is an incident.")


class BoardRow(BaseModel):
    """A parked ticket. `reporters` is the number of customers that report it."""

    ticket: TicketSummary
    parking: ParkingOut
    score: int
    parts: PartsOut
    reporters: int


class BoardOut(BaseModel):
    """What is parked, the best to build next first."""

    items: list[BoardRow]


class ReleaseOut(BaseModel):
    """A release. `planned` counts the parked tickets that wait for it."""

    name: str
    planned: int
    shipped_at: datetime | None


class ReleasesOut(BaseModel):
    """Releases with something planned first, by name; then those shipped, the latest first."""

    items: list[ReleaseOut]
