"""Every mail in every language, as text and as HTML."""

import re
from datetime import timedelta
from html import unescape
from pathlib import Path

import pytest

from services import notify
from services.contract.errors import NotAuthenticated
from services.contract.event_data import EventData
from services.contract.events import ArticleLink
from services.contract.vocabulary import Channel, ClosedReason, Language, Priority, Role, Status
from services.contract.wording import priority_label, priority_meaning
from services.notify.rendering import Known, Rendered, render
from services.notify.rules.facts import PlanFacts, Subscriber
from services.notify.rules.known import KnownTicket, learn
from services.notify.rules.notices import FOR_STAFF, Notification, Template
from services.notify.rules.plan import plan
from services.notify.rules.telling import MAILED_CHARACTERS_MAX
from services.platform.identity import LINK_LIFETIME, PASSWORD_LINK, REMINDER_LINK, SURVEY_LINK, Signer, questioned
from tests.notify.happenings import (
    BY_EMMA,
    BY_JAN,
    BY_LUCIA,
    CLOCK,
    DESK,
    DIRK,
    EMMA,
    LUCIA,
    NOW,
    PIA,
    SECRET,
    article,
    assigned,
    breached,
    escalated,
    happened,
    link_requested,
    merged,
    moved,
    person,
    planned_in,
    postponed,
    prioritised,
    rated,
    reminder_due,
    replied,
    shared,
    shipped,
    snooze_ended,
    submitted,
    survey_due,
    ticket,
    warned,
)

SIGNER = Signer(SECRET)
LATER = NOW + timedelta(days=400)
NASTY = '<script>alert("x")</script> & "Jörg"'
STAFF = PlanFacts(
    DESK.address,
    staff=(Subscriber(LUCIA), Subscriber(EMMA), Subscriber(DIRK, role=Role.DIRECTOR)),
    articles_known=True,
    closing_told=True,
)

EVENTS: dict[Template, EventData] = {
    Template.CONFIRMATION: submitted(
        ticket(subject=NASTY, channel=Channel.PHONE, follow_up_of=3), text=NASTY, by=BY_LUCIA, attachments=("<b>.pdf",)
    ),
    Template.ANSWER: replied(BY_LUCIA, Status.OPEN, Status.SOLVED, text=NASTY, attachments=("<b>.pdf",)),
    Template.QUESTION: replied(BY_LUCIA, Status.PENDING, Status.OPEN, text=NASTY),
    Template.SOLUTION: replied(BY_LUCIA, Status.SOLVED, Status.OPEN, text=NASTY),
    Template.SOLVED: moved(BY_LUCIA, Status.SOLVED, Status.OPEN),
    Template.CLOSED: moved(CLOCK, Status.CLOSED, Status.PENDING, closed_reason=ClosedReason.NO_RESPONSE),
    Template.REOPENED: moved(BY_LUCIA, Status.OPEN, Status.SOLVED, reopened=True),
    Template.REMINDER: reminder_due(),
    Template.SURVEY: survey_due(),
    Template.PASSWORD_LINK: link_requested(),
    Template.NEW_TICKET: submitted(ticket(subject=NASTY, follow_up_of=3), text=NASTY, attachments=("<b>.pdf",)),
    Template.REPLY: replied(BY_JAN, Status.OPEN, Status.SOLVED, text=NASTY, attachments=("<b>.pdf",)),
    Template.ASSIGNED: assigned(BY_EMMA, LUCIA),
    Template.BAD_RATING: rated(False, NASTY),
    Template.POSTPONED: postponed(CLOCK, "mail_down"),
    Template.PRIORITY_CHANGED: prioritised(reason=NASTY),
    Template.PARKED: moved(BY_LUCIA, Status.PARKED, Status.OPEN),
    Template.PLANNED: planned_in(NASTY),
    Template.SHIPPED: shipped(NASTY, NASTY),
    Template.MERGED: merged(10),
    Template.SHARED: shared(PIA),
    Template.SAYS_SOLVED: moved(BY_JAN, Status.SOLVED, Status.OPEN),
    Template.DECISION_NEEDED: moved(BY_LUCIA, Status.PARKED, Status.OPEN),
    Template.SNOOZE_ENDED: snooze_ended(EMMA),
    Template.SLA_WARNED: warned(),
    Template.SLA_BREACHED: breached(),
    Template.SLA_ESCALATED: escalated(),
}
RICH = Known(articles=(article(NASTY), article("Second")))
BARE = Known(ticket=KnownTicket(12, 99, Status.CLOSED, ClosedReason.FINALISED, None, 99, Priority.MEDIUM))


def the_mail(template: Template, language: Language = Language.ENGLISH) -> Notification:
    data = EVENTS[template]
    mail = next(one for one in plan(happened(data), data, STAFF, NOW) if one.template is template)
    return mail.model_copy(update={"recipient": mail.recipient.model_copy(update={"language": language})})


def rendered(mail: Notification, known: Known = RICH) -> Rendered:
    return render(mail, known, DESK, SIGNER, NOW)


def seen(html: str) -> str:
    """The words a reader of the HTML sees, the hidden preview left out."""
    body = re.sub(r"<div style=\"display:none.*?</div>", "", html[html.index("<body") :], flags=re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", body)).split())


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("template", Template)
def test_every_mail_has_a_subject_a_text_and_html_in_every_language(template: Template, language: Language) -> None:
    # StrictUndefined: a variable that is missing, or misspelt, fails here. So does a missing template.
    for known in (RICH, BARE, Known()):
        mail = rendered(the_mail(template, language), known)
        assert mail.subject
        assert f'<html lang="{language.value}">' in mail.html
        for text in (mail.text, seen(mail.html)):
            assert text.strip()
            assert "None" not in text
            assert "{" not in text


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("template", Template)
def test_what_people_wrote_is_shown_as_they_wrote_it_and_never_run(template: Template, language: Language) -> None:
    mail = rendered(the_mail(template, language))
    assert "<script" not in mail.html
    assert "<b>" not in mail.html
    content = the_mail(template).content
    if content.text and template is not Template.BAD_RATING:
        assert NASTY in mail.text
    if content.text:
        assert NASTY in unescape(mail.html)
    for name in content.attachments:
        assert name in mail.text
        assert name in unescape(mail.html)


@pytest.mark.parametrize("template", Template)
def test_the_three_languages_say_different_words(template: Template) -> None:
    said = {rendered(the_mail(template, language)).text for language in Language}
    assert len(said) == len(Language)


@pytest.mark.parametrize("language", Language)
def test_there_is_a_template_for_every_mail_and_no_other(language: Language) -> None:
    folder = Path(notify.__path__[0]) / "templates" / language.value
    assert {path.stem for path in folder.iterdir()} == {template.value for template in Template} | {"footer"}


@pytest.mark.parametrize("template", sorted(set(Template) - {Template.PASSWORD_LINK}))
def test_every_mail_about_a_ticket_carries_its_number_and_leads_to_it(template: Template) -> None:
    mail = rendered(the_mail(template))
    number = 10 if template is Template.MERGED else 12
    folder = "desk/tickets" if template in FOR_STAFF else "tickets"
    address = f"https://balie.example/{folder}/{number}"
    assert mail.subject.startswith("[Balie #12] ")
    if template is not Template.SURVEY:
        assert address in mail.text.split()
        assert f'href="{address}"' in mail.html


def test_a_confirmation_lists_the_articles_that_were_found() -> None:
    found = article("How to <stop> a fire")
    mail = rendered(the_mail(Template.CONFIRMATION, Language.DUTCH), Known(articles=(found,)))
    assert "Misschien vindt u hier het antwoord al" in mail.text
    assert "How to <stop> a fire" in mail.text
    assert found.url in mail.text
    assert "How to &lt;stop&gt; a fire</a>" in mail.html


def test_a_confirmation_without_articles_does_not_announce_any() -> None:
    assert "Misschien" not in rendered(the_mail(Template.CONFIRMATION, Language.DUTCH), Known()).text


def test_a_late_confirmation_does_not_promise_what_has_happened_already() -> None:
    mail = the_mail(Template.CONFIRMATION)
    assert "What happens next" in rendered(mail, Known()).text
    assert "What happens next" not in rendered(mail, BARE).text


@pytest.mark.parametrize(
    ("language", "promise"),
    [
        (
            Language.DUTCH,
            "sturen we u op maandag 9 november 2026 om 10:00 CET een herinnering en sluiten we het ticket op "
            "maandag 16 november 2026 om 10:00 CET",
        ),
        (
            Language.ITALIAN,
            "le invieremo un promemoria lunedì 9 novembre 2026 alle ore 10:00 CET e chiuderemo il ticket lunedì "
            "16 novembre 2026 alle ore 10:00 CET",
        ),
        (
            Language.ENGLISH,
            "we will send you a reminder on Monday 9 November 2026 at 10:00 CET and close the ticket on "
            "Monday 16 November 2026 at 10:00 CET",
        ),
    ],
)
def test_a_question_comes_with_the_clocks_promise_in_the_desks_time(language: Language, promise: str) -> None:
    mail = rendered(the_mail(Template.QUESTION, language), Known())
    assert promise in " ".join(mail.text.split())
    assert promise in seen(mail.html)


def test_a_question_that_was_answered_before_it_went_promises_nothing() -> None:
    mail = rendered(the_mail(Template.QUESTION), BARE)
    assert "close the ticket" not in mail.text
    assert NASTY in mail.text


def test_dates_that_have_passed_are_not_promised() -> None:
    question, solution = the_mail(Template.QUESTION), the_mail(Template.SOLUTION)
    after_the_reminder = render(question, Known(), DESK, SIGNER, NOW + timedelta(days=8)).text
    assert "reminder" not in after_the_reminder
    assert "close the ticket on Monday 16 November" in after_the_reminder
    assert "close the ticket" not in render(question, Known(), DESK, SIGNER, LATER).text
    assert "Reply before Wednesday 4 November 2026" in rendered(solution, Known()).text
    assert "Reply before" not in render(solution, Known(), DESK, SIGNER, LATER).text


def test_a_survey_carries_two_signed_links_that_work_without_a_login() -> None:
    mail = rendered(the_mail(Template.SURVEY))
    links = re.findall(r"https://balie\.example/survey\?code=(\S+)&good=([01])", mail.text)
    assert [good for _, good in links] == ["1", "0"]
    assert {SIGNER.linked(SURVEY_LINK, code, NOW) for code, _ in links} == {"12"}
    for code, good in links:
        assert f'href="https://balie.example/survey?code={code}&amp;good={good}"' in mail.html


REMINDER_LINKS = re.compile(r"https://balie\.example/tickets/12/answer\?code=(\S+)&act=(\w+)")


@pytest.mark.parametrize("language", Language)
def test_a_reminder_can_be_answered_by_three_signed_links_about_that_question(language: Language) -> None:
    mail = rendered(the_mail(Template.REMINDER, language), Known())
    links = REMINDER_LINKS.findall(mail.text)
    assert [act for _, act in links] == ["keep_open", "confirm_solved", "postpone"]
    [about] = {SIGNER.linked(REMINDER_LINK, code, NOW) for code, _ in links}
    assert questioned(about) == (12, NOW - timedelta(days=7))
    for code, act in links:
        assert f'href="https://balie.example/tickets/12/answer?code={code}&amp;act={act}"' in mail.html


def test_a_reminders_links_are_good_until_well_after_the_closing_date_it_names() -> None:
    code, _ = REMINDER_LINKS.findall(rendered(the_mail(Template.REMINDER), Known()).text)[0]
    closes_at = NOW + timedelta(days=7)
    SIGNER.linked(REMINDER_LINK, code, closes_at + LINK_LIFETIME - timedelta(seconds=1))
    with pytest.raises(NotAuthenticated):
        SIGNER.linked(REMINDER_LINK, code, closes_at + LINK_LIFETIME + timedelta(seconds=1))


def test_a_reminder_of_a_ticket_that_does_not_close_by_itself_offers_no_later_closing() -> None:
    data = reminder_due(closes=False)
    text = rendered(plan(happened(data), data, STAFF, NOW)[0], Known()).text
    assert [act for _, act in REMINDER_LINKS.findall(text)] == ["keep_open", "confirm_solved"]
    assert "sluiten we" not in text


def test_who_follows_a_ticket_is_reminded_without_links_and_told_why_they_get_it() -> None:
    data = reminder_due(followers=(PIA,))
    [_, mail] = [rendered(one, Known()) for one in plan(happened(data), data, STAFF, NOW)]
    assert "answer?code" not in mail.text + mail.html
    assert "because a ticket of yours goes on as ticket #12" in mail.text


def test_who_a_ticket_is_shared_with_is_told_why_they_get_it() -> None:
    assert "because Lucia Rossi shared ticket #12 with you" in rendered(the_mail(Template.SHARED)).text


@pytest.mark.parametrize(
    ("language", "told"),
    [
        (Language.DUTCH, "Uw ticket is nu geparkeerd: er is een aanpassing van de software voor nodig."),
        (Language.ITALIAN, "Il ticket ora è in sospeso: richiede una modifica del software."),
        (Language.ENGLISH, "Your ticket is now parked: it needs a change to the software."),
    ],
)
def test_an_answer_that_parks_the_ticket_says_so_while_nothing_else_is_decided(language: Language, told: str) -> None:
    data = replied(BY_LUCIA, Status.PARKED, Status.OPEN)
    [mail] = plan(happened(data), data, STAFF, NOW)
    mail = mail.model_copy(update={"recipient": mail.recipient.model_copy(update={"language": language})})
    assert told in rendered(mail, Known()).text
    assert told in seen(rendered(mail, Known(ticket=learn(None, data))).html)
    assert told not in rendered(mail, Known(ticket=learn(learn(None, data), planned_in()))).text


def test_an_answer_on_a_ticket_that_was_parked_before_does_not_announce_it_again() -> None:
    data = replied(BY_LUCIA, Status.PARKED, Status.PARKED)
    assert "geparkeerd" not in rendered(plan(happened(data), data, STAFF, NOW)[0], Known()).text


def test_a_ticket_taken_back_from_the_board_was_not_reopened() -> None:
    data = moved(BY_EMMA, Status.OPEN, Status.PARKED)
    text = rendered(plan(happened(data), data, STAFF, NOW)[0], Known()).text
    assert "Emma Clark heeft uw ticket #12 weer in behandeling genomen." in text


def test_another_priority_comes_with_the_reason_and_with_what_priorities_mean() -> None:
    text = rendered(the_mail(Template.PRIORITY_CHANGED), Known()).text
    assert "from “High” to “Low”" in text
    assert NASTY in text
    for priority in Priority:
        assert f"{priority_label(priority, Language.ENGLISH)}: {priority_meaning(priority, Language.ENGLISH)}" in text


def test_a_new_closing_date_is_told_and_so_is_that_there_is_none() -> None:
    new = rendered(the_mail(Template.POSTPONED), Known()).text
    assert "we will close the ticket on Thursday 12 November 2026 at 10:00 CET" in new
    data = postponed(BY_LUCIA, "skipped", days=None)
    none = rendered(plan(happened(data), data, STAFF, NOW)[0], Known()).text
    assert "We sluiten ticket #12 niet op de datum die we u noemden." in none
    assert "Er is geen nieuwe datum." in none


@pytest.mark.parametrize("note", ["", "Printers are fireproof."])
def test_a_release_says_what_it_brings_where_somebody_wrote_that(note: str) -> None:
    data = shipped("5.2", note)
    text = rendered(plan(happened(data), data, STAFF, NOW)[0], Known()).text
    assert "Versie “5.2” is er" in text
    assert ("Wat deze versie brengt:" in text) is bool(note)
    assert note in text
    assert "Reageer dan vóór woensdag 4 november 2026" in text


def test_alerts_say_which_promise_until_when_and_whose_it_is() -> None:
    warning = rendered(the_mail(Template.SLA_WARNED), Known()).text
    assert "Ticket #12 is running out of time: resolution" in warning
    assert "Time used: at least 75 %\nDue: Monday 2 November 2026 at 16:00 CET" in warning
    assert "Assignee: Lucia Rossi" in warning
    assert "Was due: Monday 2 November 2026 at 10:00 CET" in rendered(the_mail(Template.SLA_BREACHED), Known()).text
    assert "Was due: Monday 2 November 2026 at 06:00 CET" in rendered(the_mail(Template.SLA_ESCALATED), Known()).text


def test_a_warning_names_no_instant_that_a_change_of_status_has_moved_and_no_assignee_who_is_not_any_more() -> None:
    data = warned(facts=ticket(Status.PARKED, version=3, assignee=LUCIA))
    mail = next(one for one in plan(happened(data), data, STAFF, NOW) if one.template is Template.SLA_WARNED)
    since = learn(learn(None, data), assigned(BY_EMMA, EMMA, version=4))
    text = rendered(mail, Known(ticket=since)).text
    assert "Scadenza" not in text
    assert "Assegnatario" not in text


def test_a_password_link_is_about_what_the_event_said_and_the_mail_tells_how_long_it_lasts() -> None:
    mail = the_mail(Template.PASSWORD_LINK, Language.DUTCH)
    text = rendered(mail).text
    code = re.findall(r"https://balie\.example/password\?code=(\S+)", text)[0]
    assert SIGNER.linked(PASSWORD_LINK, code, NOW) == mail.content.about
    assert "geldig tot maandag 2 november 2026 om 12:00 CET" in text
    assert rendered(mail).subject == "Kies uw wachtwoord voor Balie"


def test_the_same_notification_renders_the_same_at_a_repeat() -> None:
    for template in Template:
        assert rendered(the_mail_again := the_mail(template)) == rendered(the_mail_again)


def test_a_long_message_is_cut_and_says_where_the_rest_is() -> None:
    data = replied(BY_LUCIA, Status.OPEN, Status.OPEN, text="word " * MAILED_CHARACTERS_MAX)
    mail = rendered(plan(happened(data), data, STAFF, NOW)[0])
    assert "[…] https://balie.example/tickets/12" in mail.text
    assert "[…] <a " in mail.html


def test_line_breaks_of_a_message_survive_in_html() -> None:
    data = replied(BY_LUCIA, Status.OPEN, Status.OPEN, text="one\ntwo\n\nthree")
    assert "one<br>\ntwo<br>\n<br>\nthree" in rendered(plan(happened(data), data, STAFF, NOW)[0]).html


@pytest.mark.parametrize("subject", ["Line one\r\nBcc: victim@example.org", "tab\tand\x00nul\u2028and separator"])
def test_a_subject_is_one_line_whatever_came_in(subject: str) -> None:
    data = submitted(ticket(subject=subject))
    rendered_subject = rendered(plan(happened(data), data, STAFF, NOW)[0]).subject
    assert rendered_subject.isprintable()
    assert rendered_subject.startswith("[Balie #12] ")


def test_an_article_with_a_broken_up_title_stays_on_its_line() -> None:
    broken = ArticleLink(**{**article().model_dump(), "title": "Putting\n\nout"})
    assert "- Putting out\n" in rendered(the_mail(Template.CONFIRMATION), Known(articles=(broken,))).text


def test_a_name_is_one_line_too() -> None:
    data = submitted(ticket(requester=person("Evil\r\nName", email="evil@example.org")))
    assert "Dear Evil Name," in rendered(plan(happened(data), data, STAFF, NOW)[0]).text
