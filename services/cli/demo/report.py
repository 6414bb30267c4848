"""What the demonstration shows: its progress while it runs, and its books at the end."""

import time
from collections import Counter
from collections.abc import Sequence

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from services.cli.demo.books import Book, disagreements, doubled, due_mails, lateness, lost, mails_lost
from services.cli.demo.post import Posted
from services.cli.demo.story import Story
from services.cli.demo.watch import Watch
from services.intake.mail.incoming import MailOutcome
from services.notify.rules.notices import FOR_STAFF, Template

SHOWN_MAX = 20
"""Most lines shown in one list."""
STANDINGS = ("new", "open", "pending", "solved", "no_response", "finalised")


class Progress:
    """The progress of the demonstration, for a live display; counted again each time it is shown."""

    def __init__(self, mails: int) -> None:
        self._mails, self._since = mails, time.monotonic()
        self._now = "Starting PostgreSQL, Temporal and Balie"
        self._story: Story | None = None
        self._watch: Watch | None = None

    def tell(self, now: str) -> None:
        """Sets what is happening now."""
        self._now = now

    def follow(self, story: Story, watch: Watch) -> None:
        """Sets the story and the watch whose progress is shown."""
        self._story, self._watch = story, watch

    def line(self) -> str:
        """The progress in one line, for an output that is not a terminal."""
        facts = "; ".join(f"{name} {value}" for name, value in self._facts())
        return f"{self._seconds()} {self._now}. {facts}"

    def __rich__(self) -> RenderableType:
        table = Table.grid(padding=(0, 2))
        for name, value in self._facts():
            table.add_row(Text(name, style="dim"), value)
        return Group(Text(f"{self._seconds()} {self._now}…", style="bold"), table)

    def _seconds(self) -> str:
        return f"[{time.monotonic() - self._since:5.0f} s]"

    def _facts(self) -> list[tuple[str, str]]:
        story, watch = self._story, self._watch
        if story is None or watch is None:
            return []
        standings, mails = watch.standings(), watch.mails()
        stand = ", ".join(f"{standings[name]} {name}" for name in STANDINGS if standings[name])
        out = sum(mails.values())
        return [
            ("mails in", f"{len(story.posted)} of {self._mails}"),
            ("tickets", f"{standings.total()}" + (f": {stand}" if stand else "")),
            (
                "mails out",
                f"{out}, {mails[Template.REMINDER]} reminders and {mails[Template.SURVEY]} surveys among them",
            ),
            ("lives over", f"{len(story.ended)} of {len(story.began)}"),
        ]


def report(console: Console, story: Story, book: Book, letters: int) -> bool:
    """Prints the books; returns whether they agree and everything went as planned. `letters` are dead letters."""
    console.print(_mail_in(story.posted, book), _tickets(story, book), _mail_out(book), _clock(book))
    wrong = [*disagreements(book), *story.deviations()]
    if letters:
        wrong.append(f"{letters} messages lie in the dead letters.")
    for sentence in wrong[:SHOWN_MAX]:
        console.print(Text(f"✗ {sentence}", style="red"))
    if len(wrong) > SHOWN_MAX:
        console.print(Text(f"… and {len(wrong) - SHOWN_MAX} more.", style="red"))
    if not wrong:
        console.print(Text("✓ Every ticket's row, history, clock and mails agree.", style="green"))
    return not wrong


def _table(title: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", show_header=False, min_width=64)
    table.add_column(ratio=3)
    table.add_column(justify="right", ratio=1)
    return table


def _mail_in(posted: Sequence[Posted], book: Book) -> Table:
    table = _table("Mail in")
    became = Counter(mail.receipt.outcome for mail in posted)
    table.add_row("mails", str(len(posted)))
    for outcome, words in _OUTCOMES.items():
        table.add_row(f"  {words}", str(became[outcome]))
        for mail in posted:
            if mail.receipt.outcome is outcome and not mail.opened:
                table.add_row(Text(f"    {mail.name}: {_where(mail, posted)}", style="dim"), "")
    table.add_row("  lost", str(len(mails_lost(book))))
    return table


def _where(mail: Posted, posted: Sequence[Posted]) -> str:
    if mail.receipt.outcome is MailOutcome.REFUSED:
        return mail.receipt.reason
    first = next((one.name for one in posted if one.opened and one.receipt.number == mail.receipt.number), "")
    return f"ticket {mail.receipt.number}, as {first}" if first else f"ticket {mail.receipt.number}"


_OUTCOMES = {
    MailOutcome.SUBMITTED: "became a ticket",
    MailOutcome.REPLIED: "answered a ticket",
    MailOutcome.FOLLOWED_UP: "followed a finalised ticket up",
    MailOutcome.NOTED: "a machine's, noted on a ticket",
    MailOutcome.REPEATED: "the same mail again, recognised",
    MailOutcome.REFUSED: "refused",
}


def _tickets(story: Story, book: Book) -> Table:
    table = _table("Tickets")
    tickets = [history.ticket for history in book.histories.values()]
    ends = Counter(str(ticket.closed_reason or ticket.status) for ticket in tickets)
    table.add_row("tickets in", str(len(tickets)))
    table.add_row("  from mail", str(sum(mail.opened for mail in story.posted)))
    table.add_row("  follow-ups", str(sum(ticket.follow_up_of is not None for ticket in tickets)))
    for end, count in ends.most_common():
        table.add_row(f"end: {end}", str(count))
    table.add_row("reopened", str(sum(ticket.reopened for ticket in tickets)))
    rated = [ticket.rating.good for ticket in tickets if ticket.rating]
    table.add_row("rated good / bad", f"{sum(rated)} / {len(rated) - sum(rated)}")
    return table


def _mail_out(book: Book) -> Table:
    table = _table("Mail out")
    kinds = Counter(kept.template for kept in book.kept.values())
    table.add_row("mails sent", str(len(book.kept)))
    for template in Template:
        if kinds[template]:
            to = "support" if template in FOR_STAFF else "requesters"
            table.add_row(f"  {template.replace('_', ' ')} (to {to})", str(kinds[template]))
    table.add_row("held back on purpose", str(len(book.held_back)))
    for reason, count in Counter(book.held_back.values()).most_common(SHOWN_MAX):
        table.add_row(Text(f"    {reason}", style="yellow"), str(count))
    table.add_row("called for by the histories", str(len(due_mails(book))))
    table.add_row("doubled", str(doubled(book)))
    table.add_row("lost", str(len(lost(book))))
    return table


def _clock(book: Book) -> Table:
    table = _table("Clock")
    met = Counter(
        line.facts["deadline"]
        for history in book.histories.values()
        for line in history.lines
        if line.type == "deadline_met"
    )
    table.add_row("deadlines met", str(met.total()))
    for kind, count in met.most_common():
        table.add_row(f"  {kind}", str(count))
    late = lateness(book)
    if late:
        of_all = f"{_quantile(late, 0.5):.2f} / {_quantile(late, 0.99):.2f} / {late[-1]:.2f} s"
        table.add_row("lateness p50 / p99 / max", of_all)
    events = sorted(float(clock.events) for clock in book.clocks.values())
    if events:
        per_life = f"{_quantile(events, 0.5):.0f} / {_quantile(events, 0.99):.0f} / {events[-1]:.0f}"
        table.add_row("history events per life p50 / p99 / max", per_life)
        table.add_row("runs of workflows", str(sum(clock.runs for clock in book.clocks.values())))
    return table


def _quantile(values: Sequence[float], share: float) -> float:
    """The smallest of the sorted values that at least the `share` of them do not exceed."""
    return values[min(len(values) - 1, max(0, -int(-share * len(values) // 1) - 1))]
