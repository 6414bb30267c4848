"""The lives of tickets in the demonstration: each is a script of what an agent and a requester do."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from email.message import EmailMessage

from services.cli.demo.people import PASSWORD, Caller, FrontDoor, Requester
from services.cli.demo.watch import Watch
from services.cli.demo.words import WORDS, NotAsPlanned, Words
from services.contract.vocabulary import ClosedReason, Language, Status
from services.intake.mail.incoming import MailOutcome, Receipt
from services.notify.rules.notices import Template

End = Status | ClosedReason
"""The last status of a life, or the reason for which the ticket is closed."""


@dataclass
class Scene:
    """One ticket with its agent and its requester, and what they can do."""

    number: int
    language: Language
    agent: Caller
    requester: Requester | None
    """None if nobody reads answers to the mail: it came from a machine, or without a sender."""
    watch: Watch
    front_door: FrontDoor

    @property
    def says(self) -> Words:
        """The texts in the ticket's language."""
        return WORDS[self.language]

    async def is_taken_up(self) -> None:
        """The agent assigns the ticket to themselves."""
        await self.agent.does(self.number, "assign", assignee_id=self.agent.id)

    async def is_answered(self) -> None:
        await self.agent.does(self.number, "reply", text=self.says.looking)

    async def is_noted(self) -> None:
        await self.agent.does(self.number, "note", text="Same as last week?")

    async def is_asked(self, text: str = "") -> None:
        """The agent asks a question: the ticket is pending."""
        await self.agent.does(self.number, "ask", text=text or self.says.question)

    async def is_solved(self, *, in_silence: bool = False) -> None:
        """The agent solves the ticket, with a message or `in_silence`."""
        await self.agent.does(self.number, "solve", **({} if in_silence else {"text": self.says.solution}))

    async def gets(self, *templates: Template, nth: int = 1) -> EmailMessage:
        """Waits for the `nth` mail of one of these templates about the ticket, and returns it."""
        return await self.watch.mail(self.number, *templates, nth=nth)

    async def answers(self, mail: EmailMessage, text: str) -> Receipt:
        """The requester replies by mail; from then on the scene is about the ticket that the reply went to."""
        receipt = await self._writer().answers(mail, text)
        if receipt.outcome not in (MailOutcome.REPLIED, MailOutcome.FOLLOWED_UP) or receipt.number is None:
            raise NotAsPlanned(f"an answer to ticket {self.number} was {receipt.outcome}: {receipt.reason}")
        self.number = receipt.number
        return receipt

    async def is_away(self, mail: EmailMessage) -> None:
        """The requester's mail program answers by itself, which must change nothing."""
        receipt = await self._writer().is_away(mail, self.says)
        if receipt != Receipt(MailOutcome.NOTED, self.number):
            raise NotAsPlanned(f"an automatic answer to ticket {self.number} was {receipt.outcome}")

    async def logs_in(self) -> Caller:
        """The requester, in the portal, with a password chosen by the link in a mail."""
        return await self._writer().session(self._by_password_link)

    async def is_rated(self, *, good: bool) -> None:
        """The requester follows the link in the survey."""
        comment = self.says.praise if good else self.says.complaint
        await self.front_door.rate(await self.gets(Template.SURVEY), good=good, comment=comment)

    async def ends(self, end: End) -> None:
        """Waits until the ticket has this status, or is closed for this reason."""
        await self.watch.until(
            lambda: str(self.watch.tickets.get(self.number)) == str(end), f"ticket {self.number} being {end}"
        )

    async def _by_password_link(self, email: str) -> Caller:
        links = self.watch.count(Template.PASSWORD_LINK, to=email)
        await self.front_door.ask_for_password_link(email)
        link = await self.watch.mail(None, Template.PASSWORD_LINK, nth=links + 1, to=email)
        await self.front_door.choose_password(link, PASSWORD)
        return await self.front_door.log_in(email, PASSWORD)

    def _writer(self) -> Requester:
        if self.requester is None:
            raise NotAsPlanned(f"nobody reads the answers on ticket {self.number}")
        return self.requester


@dataclass(frozen=True)
class Life:
    """A script, and how the ticket ends by it."""

    name: str
    play: Callable[[Scene], Awaitable[None]]
    end: End


async def _answered(ticket: Scene) -> None:
    await ticket.is_taken_up()
    await ticket.is_answered()
    await ticket.is_solved()
    await ticket.is_rated(good=True)


async def _left_alone(ticket: Scene) -> None:
    await ticket.is_taken_up()
    await ticket.is_asked()


async def _answered_at_once(ticket: Scene) -> None:
    await ticket.is_asked()
    await ticket.answers(await ticket.gets(Template.QUESTION), ticket.says.details)
    await ticket.is_solved()
    await ticket.is_rated(good=False)


async def _reminded(ticket: Scene) -> None:
    await ticket.is_taken_up()
    await ticket.is_asked()
    # A reminder that would come too late is not sent; then the requester answers the mail about the closure.
    await ticket.answers(await ticket.gets(Template.REMINDER, Template.CLOSED), ticket.says.details)
    await ticket.is_solved()


async def _closed_and_back(ticket: Scene) -> None:
    await ticket.is_asked()
    await ticket.answers(await ticket.gets(Template.CLOSED), ticket.says.back_again)
    await ticket.is_solved()


async def _reopened(ticket: Scene) -> None:
    await ticket.is_solved()
    await ticket.answers(await ticket.gets(Template.SOLUTION), ticket.says.still_broken)
    await ticket.is_solved()


async def _followed_up(ticket: Scene) -> None:
    await ticket.is_taken_up()
    await ticket.is_solved()
    survey = await ticket.gets(Template.SURVEY)
    await ticket.ends(ClosedReason.FINALISED)
    await ticket.answers(survey, ticket.says.one_more)
    await ticket.is_solved()


async def _in_the_portal(ticket: Scene) -> None:
    await ticket.is_taken_up()
    await ticket.is_asked()
    requester = await ticket.logs_in()
    await requester.does(ticket.number, "reply", text=ticket.says.details)
    await ticket.is_solved()


async def _away(ticket: Scene) -> None:
    await ticket.is_asked()
    await ticket.is_away(await ticket.gets(Template.QUESTION))


async def _asked_twice(ticket: Scene) -> None:
    await ticket.is_noted()
    await ticket.is_asked()
    await ticket.is_asked(ticket.says.second_question)
    await ticket.answers(await ticket.gets(Template.QUESTION, nth=2), ticket.says.details)
    await ticket.is_solved(in_silence=True)


async def _in_work(ticket: Scene) -> None:
    await ticket.is_taken_up()
    await ticket.is_answered()


async def _untouched(ticket: Scene) -> None:
    del ticket  # support does nothing with it


async def _unheard(ticket: Scene) -> None:
    await ticket.is_taken_up()
    await ticket.is_solved()


LIVES = (
    Life("answered, solved, rated well", _answered, ClosedReason.FINALISED),
    Life("asked, silent: reminded, closed", _left_alone, ClosedReason.NO_RESPONSE),
    Life("solved, finalised, followed up", _followed_up, ClosedReason.FINALISED),
    Life("asked, answered, rated badly", _answered_at_once, ClosedReason.FINALISED),
    Life("closed unanswered, back, solved", _closed_and_back, ClosedReason.FINALISED),
    Life("solved, reopened, solved again", _reopened, ClosedReason.FINALISED),
    Life("answered after the reminder", _reminded, ClosedReason.FINALISED),
    Life("answered by machine only: closed", _away, ClosedReason.NO_RESPONSE),
    Life("answered in the portal", _in_the_portal, ClosedReason.FINALISED),
    Life("asked twice, solved in silence", _asked_twice, ClosedReason.FINALISED),
    Life("taken up, still open", _in_work, Status.OPEN),
    Life("not taken up yet", _untouched, Status.NEW),
)
"""The lives of requesters' tickets, given in turn and in this order, so that even a few tickets show most of them."""

UNHEARD = Life("from nobody who reads answers: solved", _unheard, ClosedReason.FINALISED)
"""The life of a ticket whose mail came from a machine, or without a sender."""
