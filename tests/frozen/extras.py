"""Commands that the model's acts do not cover: every command in its other forms."""

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

from services.contract.event_data import Actor, Contact
from services.contract.vocabulary import AlertAudience, Channel, DeadlineKind, Effort, Kind, Language, Metric, Priority
from services.intake.rules.move import Order
from services.intake.rules.moves.ask import Ask
from services.intake.rules.moves.assign import Assign
from services.intake.rules.moves.change import Change
from services.intake.rules.moves.confirm_solved import ConfirmSolved
from services.intake.rules.moves.decline import Decline
from services.intake.rules.moves.do_now import DoNow
from services.intake.rules.moves.link_problem import LinkProblem
from services.intake.rules.moves.park import Park
from services.intake.rules.moves.plan import Plan
from services.intake.rules.moves.postpone import Postpone
from services.intake.rules.moves.prioritise import Prioritise
from services.intake.rules.moves.rate import Rate
from services.intake.rules.moves.reopen import Reopen
from services.intake.rules.moves.replan import Replan
from services.intake.rules.moves.reply import Reply
from services.intake.rules.moves.share import Share
from services.intake.rules.moves.ship import Ship
from services.intake.rules.moves.skip import Skip
from services.intake.rules.moves.snooze import Snooze
from services.intake.rules.moves.solve import Solve
from services.intake.rules.moves.tag import Tag
from services.intake.rules.moves.take_in import TakeIn
from services.intake.rules.moves.team import HandOver
from services.intake.rules.moves.thank import Thank
from services.intake.rules.ticket import Message, ProductRef, TeamRef
from services.promises.policy import Escalation, Policy, Target
from services.promises.working_time import Counted, Span
from tests.intake.ticket_life import AGENT, DAAN, MARIEKE, REQUESTER
from tests.notify.happenings import BY_DIRK, BY_EMMA, EMMA, LUCIA, PIA, TEAM

HOUR = timedelta(hours=1)
FOLLOWER = Contact(person_id=UUID(int=3), name="Luca", email="luca@ferrari.example", language=Language.ITALIAN)
SERVICE = Actor(kind="service", name="Webshop", staff=True)
BY_FOLLOWER = Actor(kind="person", name=FOLLOWER.name, person_id=FOLLOWER.person_id)
NASTY = '<b>"Fire" & water</b>'

STRICT = Policy(
    survey_after=Span(length=timedelta(hours=2), counted=Counted.WORKING),
    targets=tuple(Target(metric=metric, within=Span(length=timedelta(hours=8))) for metric in Metric),
    escalations=(
        Escalation(),
        Escalation(after=2 * HOUR, tell=(AlertAudience.TEAM, AlertAudience.ADMINS)),
        Escalation(after=4 * HOUR, tell=(AlertAudience.AGENTS,)),
    ),
    warn_at=(50, 75),
    survey_spread=timedelta(0),
).pinned("De Vries")


def written(text: str, channel: Channel = Channel.WEB, **facts: object) -> Message:
    """A message with an id made from the length of its text, so that it is the same in every run."""
    return Message(comment_id=UUID(int=len(text)), text=text, channel=channel, **facts)  # type: ignore[arg-type]  # named as the fields are


EXTRAS: tuple[Callable[[datetime], Order], ...] = (
    lambda _: Assign(BY_EMMA, EMMA),
    lambda _: Assign(AGENT, DAAN),
    lambda _: Assign(AGENT, LUCIA),
    lambda _: HandOver(AGENT, None),
    lambda _: HandOver(AGENT, TeamRef(id=TEAM, name="Labels"), EMMA),
    lambda _: Reply(SERVICE, written("Your order is on its way.", Channel.API)),
    lambda _: Reply(BY_FOLLOWER, written("Same here.", Channel.EMAIL, message_id="<17@ferrari.example>")),
    lambda _: Reply(REQUESTER, written("I am away.", Channel.EMAIL, auto_generated=True)),
    lambda _: Reply(BY_EMMA, written(f"{NASTY}\n\nSee the picture.", attachment_names=("fire.png", "<b>.pdf"))),
    lambda _: Reply(AGENT, written("Long. " * 5_000)),
    lambda _: Reply(REQUESTER, written("Longer. " * 500)),
    lambda _: Ask(BY_EMMA, written("Which printer?", html="<p>Which printer?</p>")),
    lambda _: Reopen(AGENT),
    lambda _: Solve(AGENT, DAAN, None, problem=9),
    lambda _: Solve(AGENT, DAAN, written("It is out."), problem=9),
    lambda _: Thank(REQUESTER, written("Thanks!")),
    lambda _: Thank(AGENT),
    lambda _: Rate(REQUESTER, good=False, comment="Slow."),
    lambda _: Rate(REQUESTER, good=True, comment=NASTY),
    lambda _: Park(AGENT, workaround=True, effort=Effort.LARGE, note="The driver."),
    lambda _: Park(AGENT, workaround=True, effort=Effort.MEDIUM, note=NASTY, message=written("Later.")),
    lambda _: Plan(BY_DIRK, "5.1"),
    lambda _: Ship(BY_DIRK, "5.1", "Printers are fireproof."),
    lambda _: Decline(BY_DIRK, written("It is as it should be.")),
    lambda _: TakeIn(AGENT, merged=5, requester=FOLLOWER, followers=(PIA, MARIEKE)),
    lambda _: Prioritise(AGENT, Priority.HIGH, NASTY),
    lambda _: Prioritise(AGENT, Priority.MEDIUM, " "),
    lambda _: Tag(AGENT, add=("Fire", "ink"), remove=("printer",)),
    lambda _: Tag(AGENT, remove=("ink",)),
    lambda _: Change(AGENT, kind=Kind.QUESTION, product=ProductRef(id=UUID(int=4), name="Labels")),
    lambda _: Change(AGENT, subject=NASTY, fields={"serial": "12"}),
    lambda _: Change(AGENT, fields={"serial": "13"}),
    lambda _: LinkProblem(AGENT, None),
    lambda _: Share(AGENT, PIA),
    lambda _: Share(AGENT, PIA, shared=False),
    lambda now: Snooze(BY_EMMA, EMMA, now + 26 * HOUR),
    lambda now: Postpone(AGENT, DeadlineKind.CLOSURE, now + 30 * 24 * HOUR),
    lambda now: Postpone(REQUESTER, DeadlineKind.CLOSURE, now + 20 * 24 * HOUR),
    lambda _: Skip(AGENT, DeadlineKind.REMINDER),
    lambda _: Skip(AGENT, DeadlineKind.FINALISATION),
    lambda _: DoNow(AGENT, DeadlineKind.SURVEY),
    lambda _: ConfirmSolved(BY_FOLLOWER),
    lambda _: Replan(AGENT, STRICT, "contract De Vries, version 2"),
)
"""Each makes a command for a given time. If the ticket does not allow it, the refusal is what is observed."""
