"""The story of the demonstration from the first mail to the last ticket's end: who does what, in which order."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import cycle
from pathlib import Path

import httpx

from services.cli.demo.lives import LIVES, UNHEARD, Life, Scene
from services.cli.demo.people import Caller, FrontDoor, Requester
from services.cli.demo.post import Posted, bring_in
from services.cli.demo.watch import Watch
from services.cli.demo.words import NotAsPlanned
from services.contract.errors import BalieError
from services.contract.vocabulary import Role
from services.intake.mail.incoming import Mailroom
from services.intake.people.demonstration import PEOPLE, Somebody
from services.intake.rules.contracts import ContractTerms, Terms
from services.promises.working_time import Span

START_EVERY_DAYS = 0.08
"""The time between the beginnings of two tickets' lives, in days: a desk's mail does not come all at once."""
DAY = timedelta(days=1)


@dataclass
class Story:
    """What has happened so far."""

    posted: list[Posted] = field(default_factory=list)
    began: dict[int, Life] = field(default_factory=dict)
    """The life every opened ticket was given, by its number."""
    ended: dict[int, str] = field(default_factory=dict)
    """The lives that are over, by ticket number: an empty text if all went as planned, otherwise what did not."""

    def deviations(self) -> list[str]:
        """A sentence for each life that did not go as planned."""
        return [f"Ticket {number} ({self.began[number].name}): {why}." for number, why in self.ended.items() if why]


def fast_terms(day_seconds: float) -> Terms:
    """The desk's standard promises, speeded up: a day takes `day_seconds`, and all time counts, weekends too."""
    speed = day_seconds / DAY.total_seconds()
    promises = ContractTerms()
    names = ("reminder_after", "closure_after", "survey_after", "finalisation_after")
    spans = {name: _faster(getattr(promises, name), speed) for name in names}
    targets = tuple(target.model_copy(update={"within": _faster(target.within, speed)}) for target in promises.targets)
    fast = promises.model_copy(update={**spans, "targets": targets, "survey_spread": timedelta(0)})
    return Terms(name="demonstration", contract=fast)


def _faster(span: Span, speed: float) -> Span:
    return Span(length=span.length * speed)


@dataclass
class Stage:
    """What the story needs of the desk it is played on."""

    mailroom: Mailroom
    front_door: FrontDoor
    watch: Watch
    day_seconds: float
    password: str
    """The agents' password."""
    calm: Callable[[], Awaitable[None]]
    """Waits until few enough messages are under way (`until_calm`)."""

    async def play(self, letters: Sequence[Path], story: Story, tell: Callable[[str], None]) -> None:
        """Receives the mails, and plays every ticket's life to its end."""
        tell("The mail comes in")
        async for posted in bring_in(self.mailroom, letters):
            story.posted.append(posted)
        tell("Agents and requesters are at work")
        agents = cycle([await self.front_door.log_in(one.email, self.password) for one in _agents()])
        async with asyncio.TaskGroup() as group:
            for number, life, scene in self._cast(story.posted, agents):
                story.began[number] = life
                group.create_task(_live(number, life, scene, story))
                await asyncio.sleep(START_EVERY_DAYS * self.day_seconds)
                await self.calm()
            tell("The clock does the rest")

    def _cast(self, posted: Sequence[Posted], agents: "cycle[Caller]") -> list[tuple[int, Life, Scene]]:
        lives = cycle(LIVES)
        requesters: dict[str, Requester] = {}
        parts = []
        for mail in posted:
            if not mail.opened or mail.receipt.number is None:
                continue
            heard = mail.sender is not None and not mail.by_machine
            requester = None
            if mail.sender and heard:
                requester = requesters.setdefault(mail.sender.lower(), Requester(mail.sender, self.mailroom))
            scene = Scene(mail.receipt.number, mail.language, next(agents), requester, self.watch, self.front_door)
            parts.append((mail.receipt.number, next(lives) if heard else UNHEARD, scene))
        return parts


async def _live(number: int, life: Life, scene: Scene, story: Story) -> None:
    try:
        await life.play(scene)
        await scene.ends(life.end)
    except (NotAsPlanned, BalieError, httpx.HTTPError) as deviation:
        story.ended[number] = str(deviation) or type(deviation).__name__
    else:
        story.ended[number] = ""


def _agents() -> list[Somebody]:
    return [somebody for somebody in PEOPLE if somebody.role is Role.AGENT]
