"""What `balie simulate` makes of a recorded life is what the reference model makes of it."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import Phase, given, settings
from sqlalchemy.ext.asyncio import AsyncEngine

from services.contract.vocabulary import Priority
from services.intake.rules.outages import Outages
from services.intake.rules.simulation.life_replay import relive
from services.intake.rules.simulation.policies_tried import Pinned
from services.intake.simulation.past_lives import read_lives
from services.intake.tables.setup_tables import policy as kept_policy
from services.intake.tables.setup_tables import team
from services.intake.tables.tables import person
from services.platform.database import transaction
from tests.intake.recorded_life import opened
from tests.intake.ticket_life import DAAN, MARIEKE, NOON
from tests.model.acts import Act, instant, quarter_of
from tests.model.desk import TEAM, order
from tests.model.lives import DAY, Life, ends_at, happens, lives
from tests.model.reference import Due, Reference
from tests.properties import FUZZES, tries, unhurried

LIVES = tries(25)
NOBODY_COMES = 60 * DAY
OF_OTHERS = {"take_back", "merge", "link_problem"}
"""What needs another ticket, or to remember one: left out of these lives."""


@pytest.mark.search
async def test_a_recorded_life_lived_again_goes_as_the_model_says(engine: AsyncEngine) -> None:
    async with transaction(engine) as connection:
        for who, role in ((MARIEKE, "requester"), (DAAN, "agent")):
            facts = {"id": who.person_id, "name": who.name, "email": who.email, "language": who.language}
            await connection.execute(person.insert().values(**facts, role=role, created_at=NOON))
        await connection.execute(team.insert().values(id=TEAM.id, name=TEAM.name, changed_at=NOON))
    models: dict[int, tuple[Life, Reference]] = {}
    async with engine.connect() as connection:
        for number, life in enumerate(_some_lives(), start=1):
            reference, outages = life.reference(), _outages(life)
            recorded = await opened(connection, number, instant(life.opened), life.policy, outages)
            for step in life.steps:
                if not isinstance(step.happens, Act) or step.happens.name in OF_OTHERS:
                    continue
                at = ends_at(step, reference)
                taken = happens(step, reference, at)
                assert await recorded.does(order(step.happens, instant(at)), instant(at)) == taken, step
            reference.passes(reference.now + NOBODY_COMES)
            await recorded.pass_until(instant(reference.now))
            models[number] = life, reference
        until = max(instant(reference.now) for _, reference in models.values()) + timedelta.resolution
        kept = {row.version: row.body for row in await connection.execute(kept_policy.select())}
        records = await read_lives(connection, 1, LIVES, None, until)
    pinned = Pinned(kept)
    assert len(records) == len(models) == LIVES
    for record in records:
        life, reference = models[record.past.number]
        again = relive(
            record.past,
            pinned[record.policy_version],
            pinned,
            _outages(life),
            instant(reference.now) + timedelta.resolution,
        )
        met = [Due(quarter_of(due.at), due.kind, due.metric, due.point) for due in again.met]
        assert met == reference.acts
        assert again.stands.status is reference.status


def _some_lives() -> list[Life]:
    drawn: list[Life] = []

    @settings(unhurried, max_examples=LIVES, derandomize=not FUZZES, database=None, phases=[Phase.generate])
    @given(lives(steps_min=6, steps_max=12))
    def draws(life: Life) -> None:
        drawn.append(replace(life, priority=Priority.HIGH))

    draws()
    return drawn[:LIVES]


def _outages(life: Life) -> Outages:
    return Outages(tuple((instant(began), instant(ended)) for began, ended in life.mail_outages))
