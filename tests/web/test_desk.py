"""The desk, without a script: the queue, one ticket with its composer, and what the clock will do."""

from datetime import timedelta

import pytest

from services.notify.mail import TEMPLATE_HEADER
from services.notify.rules.notices import Template
from tests.web.site import ANNA, DAAN, EMMA, GIULIA, MARIEKE, Site

COMPOSED = {"HX-Request": "true", "HX-Target": "composer"}


async def test_the_queue_counts_every_view_and_lists_one(site: Site) -> None:
    number = await site.ticket(MARIEKE)
    page = await site.visitor(DAAN).opens("/desk")
    assert "Unassigned 1" in page.words
    assert "Mine 0" in page.words
    assert f"/desk/tickets/{number}?view=unassigned" in page.links
    assert "Nothing here. Well done." in (await site.visitor(DAAN).opens("/desk?view=mine")).words


async def test_the_queue_costs_four_calls_however_long_it_is(site: Site) -> None:
    for place in range(4):
        await site.ticket(MARIEKE, f"Ticket {place}")
    site.intake.calls.clear()
    await site.visitor(DAAN).opens("/desk")
    called = sorted(path.removeprefix("/api/v1/") for _, path in site.intake.calls)
    assert called == ["me", "teams", "tickets", "views"]


async def test_the_queue_opens_where_it_was_left(site: Site) -> None:
    await site.moves(DAAN, await site.ticket(MARIEKE), "solve", text="Done.")
    visitor = site.visitor(DAAN)
    await visitor.opens("/desk?view=solved")
    assert "The printer is silent" in (await visitor.opens("/desk")).words


async def test_a_search_looks_in_every_view(site: Site) -> None:
    number = await site.ticket(MARIEKE, "The zebra printer")
    await site.ticket(MARIEKE, "Something else")
    page = await site.visitor(DAAN).opens("/desk?q=zebra")
    assert [link for link in page.links if link.startswith("/desk/tickets/")][1:] == [f"/desk/tickets/{number}"]


async def test_more_than_a_page_is_reached_by_its_link(site: Site) -> None:
    for place in range(26):
        await site.ticket(MARIEKE, f"Ticket {place}")
    visitor = site.visitor(DAAN)
    first = await visitor.opens("/desk?view=new")
    more = next(link for link in first.links if "cursor=" in link)
    second = await visitor.opens(more)
    assert "Ticket 0" in second.words
    assert "Ticket 0" not in first.words.replace("Ticket 0 ", "")


async def test_taking_a_ticket_makes_it_mine(site: Site) -> None:
    number = await site.ticket(MARIEKE)
    visitor = site.visitor(DAAN)
    page = await visitor.opens(f"/desk/tickets/{number}")
    after = await visitor.follows(await visitor.sends(page, f"/desk/tickets/{number}/assignee", assignee="me"))
    assert "Daan Visser took this ticket" in after.words
    assert "The assignee was changed." in after.words
    assert (await site.reads(DAAN, number))["assignee"]["name"] == "Daan Visser"


async def test_giving_a_ticket_to_somebody_else_offers_all_of_support(site: Site) -> None:
    number = await site.ticket(MARIEKE)
    visitor = site.visitor(DAAN)
    page = await visitor.opens(f"/desk/tickets/{number}/assignee")
    assert {"Anna", "Daan", "Giulia"} <= set(page.words.split())
    assert "Marieke" not in page.words
    giulia = str(site.people[GIULIA].id)
    await visitor.sends(page, f"/desk/tickets/{number}/assignee", assignee=giulia)
    assert (await site.reads(DAAN, number))["assignee"]["name"] == "Giulia Conti"


async def test_a_ticket_somebody_else_took_meanwhile_is_not_taken_from_them(site: Site) -> None:
    number = await site.ticket(MARIEKE)
    visitor = site.visitor(DAAN)
    page = await visitor.opens(f"/desk/tickets/{number}")
    await site.moves(GIULIA, number, "assign", assignee_id=str(site.people[GIULIA].id))
    refused = await visitor.sends(page, f"/desk/tickets/{number}/assignee", assignee="me")
    assert refused.status == 409
    assert "This ticket was assigned meanwhile: Giulia Conti." in refused.words
    assert (await site.reads(DAAN, number))["assignee"]["name"] == "Giulia Conti"


async def test_a_new_message_does_not_keep_anybody_from_taking_a_ticket(site: Site) -> None:
    number = await site.ticket(MARIEKE)
    visitor = site.visitor(DAAN)
    page = await visitor.opens(f"/desk/tickets/{number}")
    await site.moves(MARIEKE, number, "reply", text="One more thing.")
    taken = await visitor.sends(page, f"/desk/tickets/{number}/assignee", assignee="me")
    assert taken.leads_to == f"/desk/tickets/{number}"


@pytest.mark.parametrize(
    ("mode", "status", "told"),
    [
        ("reply", "open", "Your reply was sent."),
        ("ask", "pending", "Your question was sent; the ticket waits for the answer."),
        ("solve", "solved", "The ticket is solved."),
        ("note", "new", "The note was saved."),
    ],
)
async def test_the_composer_does_what_its_mode_says(site: Site, mode: str, status: str, told: str) -> None:
    number = await site.ticket(MARIEKE)
    visitor = site.visitor(DAAN)
    page = await visitor.opens(f"/desk/tickets/{number}")
    after = await visitor.follows(
        await visitor.sends(page, f"/desk/tickets/{number}/messages", mode=mode, text="Is the lamp green?")
    )
    assert told in after.words
    assert "Is the lamp green?" in after.words
    assert (await site.reads(DAAN, number))["status"] == status


async def test_a_note_is_visibly_internal_and_stays_so(site: Site) -> None:
    number = await site.ticket(MARIEKE)
    visitor = site.visitor(DAAN)
    page = await visitor.opens(f"/desk/tickets/{number}")
    await visitor.sends(page, f"/desk/tickets/{number}/messages", mode="note", text="Between us.")
    assert 'class="message by-staff mine note"' in (await visitor.opens(f"/desk/tickets/{number}")).source
    assert "Between us." not in (await site.visitor(MARIEKE).opens(f"/tickets/{number}")).words


async def test_solving_needs_no_words_but_a_question_does(site: Site) -> None:
    number = await site.ticket(MARIEKE)
    visitor = site.visitor(DAAN)
    page = await visitor.opens(f"/desk/tickets/{number}")
    refused = await visitor.sends(page, f"/desk/tickets/{number}/messages", mode="ask", text=" ")
    assert refused.status == 422
    assert "Write something first." in refused.words
    assert refused.form(f"/desk/tickets/{number}/messages").fields["mode"] == "ask"
    await visitor.sends(page, f"/desk/tickets/{number}/messages", mode="solve")
    assert (await site.reads(DAAN, number))["status"] == "solved"


async def test_the_next_automatic_steps_show_when_exactly_and_in_how_long(site: Site) -> None:
    number = await site.ticket(MARIEKE)
    visitor = site.visitor(DAAN)
    assert "Nothing happens by itself" in (await visitor.opens(f"/desk/tickets/{number}")).words
    await site.moves(DAAN, number, "ask", text="Is the lamp green?")
    words = (await visitor.opens(f"/desk/tickets/{number}")).words
    assert "Reminder in 1 week Monday 9 November 2026 at 10:00 CET" in words
    assert "Closing in 2 weeks Monday 16 November 2026 at 10:00 CET" in words


async def test_what_the_clock_did_is_in_the_history_with_its_evidence(site: Site) -> None:
    number = await site.ticket(MARIEKE)
    await site.moves(DAAN, number, "ask", text="Is the lamp green?")
    await site.deadlines_pass(number, timedelta(days=7, hours=3))
    words = (await site.visitor(DAAN).opens(f"/desk/tickets/{number}")).words
    assert "The requester was reminded automatically" in words
    assert "Due Mon 9 Nov 10:00 CET, met 3 hrs late" in words
    assert "standard-" in words
    requesters = (await site.visitor(MARIEKE).opens(f"/tickets/{number}")).words
    assert "standard-" not in requesters


async def test_what_somebody_else_wrote_meanwhile_is_told_and_the_text_is_kept(site: Site) -> None:
    number = await site.ticket(MARIEKE)
    visitor = site.visitor(DAAN)
    page = await visitor.opens(f"/desk/tickets/{number}")
    await site.moves(MARIEKE, number, "reply", text="It works again!")
    action = f"/desk/tickets/{number}/messages"
    held = await visitor.sends(page, action, mode="ask", text="Is the lamp green?")
    assert held.status == 412
    assert "Somebody changed this ticket while you were writing." in held.words
    assert "Marieke de Vries wrote a message on Mon 2 Nov 10:00 CET" in held.words
    assert held.form(action).fields["text"] == "Is the lamp green?"
    assert held.form(action).fields["mode"] == "ask"
    assert await site.said(number) == ["Since this morning.", "It works again!"]
    sent = await visitor.sends(held, action)
    assert sent.leads_to == f"/desk/tickets/{number}#latest"


async def test_a_change_in_the_very_moment_of_sending_is_noticed_too(site: Site) -> None:
    number = await site.ticket(MARIEKE)
    visitor = site.visitor(DAAN)
    page = await visitor.opens(f"/desk/tickets/{number}")

    async def marieke_is_faster() -> None:
        await site.moves(MARIEKE, number, "reply", text="It works again!")

    site.intake.before_next = marieke_is_faster
    held = await visitor.sends(page, f"/desk/tickets/{number}/messages", mode="solve", text="Done.")
    assert held.status == 412
    assert (await site.reads(DAAN, number))["status"] == "new"


async def test_a_note_need_not_wait_for_the_news(site: Site) -> None:
    number = await site.ticket(MARIEKE)
    visitor = site.visitor(DAAN)
    page = await visitor.opens(f"/desk/tickets/{number}")
    await site.moves(MARIEKE, number, "reply", text="It works again!")
    await visitor.sends(page, f"/desk/tickets/{number}/messages", mode="note", text="I will look tomorrow.")
    assert "I will look tomorrow." in await site.said(number)


async def test_a_move_the_ticket_does_not_allow_any_more_says_so_and_keeps_the_text(site: Site) -> None:
    number = await site.ticket(MARIEKE)
    visitor = site.visitor(DAAN)
    page = await visitor.opens(f"/desk/tickets/{number}")
    await site.moves(GIULIA, number, "solve", text="Done.")
    fresh = await visitor.opens(f"/desk/tickets/{number}")
    page.form(f"/desk/tickets/{number}/messages").fields["version"] = fresh.form(
        f"/desk/tickets/{number}/messages"
    ).fields["version"]
    refused = await visitor.sends(page, f"/desk/tickets/{number}/messages", mode="ask", text="Still there?")
    assert refused.status == 422
    assert "This is not possible (any more)" in refused.words
    assert refused.form(f"/desk/tickets/{number}/messages").fields["text"] == "Still there?"


async def test_only_the_modes_a_ticket_allows_are_offered(site: Site) -> None:
    number = await site.ticket(MARIEKE)
    await site.moves(DAAN, number, "solve", text="Done.")
    page = await site.visitor(DAAN).opens(f"/desk/tickets/{number}")
    modes = [part.split('"')[0] for part in page.source.split('data-mode="')[1:]]
    assert modes == ["reply", "note", "reopen"]


async def test_a_double_click_sends_one_message(site: Site) -> None:
    number = await site.ticket(MARIEKE)
    visitor = site.visitor(DAAN)
    page = await visitor.opens(f"/desk/tickets/{number}")
    for _ in range(2):
        await visitor.sends(page, f"/desk/tickets/{number}/messages", mode="note", text="Only once.")
    assert (await site.said(number)).count("Only once.") == 1


async def test_htmx_gets_a_fresh_composer_and_the_regions_that_changed(site: Site) -> None:
    number = await site.ticket(MARIEKE)
    visitor = site.visitor(DAAN)
    page = await visitor.opens(f"/desk/tickets/{number}")
    action = f"/desk/tickets/{number}/messages"
    part = await visitor.sends(page, action, headers=COMPOSED, mode="reply", text="Coming.")
    assert part.ids[0] == "composer"
    assert {"conversation", "standing", "side", "seen"} <= set(part.ids)
    assert "rows" not in part.ids
    assert part.form(action).fields["version"] == str((await site.reads(DAAN, number))["version"])
    assert part.form(action).fields["text"] == ""


async def test_a_refresh_leaves_the_composer_alone(site: Site) -> None:
    number = await site.ticket(MARIEKE)
    headers = {"HX-Request": "true", "HX-Target": "conversation"}
    part = await site.visitor(DAAN).opens(f"/desk/tickets/{number}", **headers)
    assert part.ids[0] == "conversation"
    assert "composer" not in part.ids
    assert "seen" in part.ids


async def test_articles_that_may_answer_are_shown_with_a_link_to_insert(site: Site) -> None:
    number = await site.ticket(MARIEKE)
    article = {"slug": "ticket-statuses", "title": "Statuses", "summary": "…", "language": "en", "url": "https://x/y"}
    await site.suggests(number, article)
    page = await site.visitor(DAAN).opens(f"/desk/tickets/{number}")
    assert 'data-insert="Statuses: https://x/y"' in page.source


async def test_a_call_is_logged_for_somebody_new_and_for_somebody_known(site: Site) -> None:
    visitor = site.visitor(DAAN)
    form = await visitor.opens("/desk/tickets/new")
    sent = await visitor.sends(form, "/desk/tickets/new", name="Mevrouw Smit", subject="Hours?", text="She asked.")
    page = await visitor.follows(sent)
    assert "The call was logged." in page.words
    assert "Phone" in page.words
    form = await visitor.opens("/desk/tickets/new")
    known = await visitor.sends(form, "/desk/tickets/new", name="M.", email=MARIEKE, subject="Hours?", text="Again.")
    number = int(known.leads_to.rpartition("/")[2])
    assert (await site.reads(DAAN, number))["requester"]["name"] == "Marieke de Vries"


async def test_people_are_found_added_and_changed(site: Site) -> None:
    visitor = site.visitor(DAAN)
    assert "Emma Clarke" in (await visitor.opens("/desk/people?q=emma")).words
    form = await visitor.opens("/desk/people/new")
    taken = await visitor.sends(form, "/desk/people/new", name="Another Emma", email=EMMA)
    assert taken.status == 422
    assert "There is one like it already." in taken.words
    added = await visitor.sends(taken, "/desk/people/new", email="emma2@ferrari.example")
    page = await visitor.follows(added)
    assert "Another Emma" in page.words
    organisation = next(value for value in page.source.split('<option value="')[1:] if "Officine Ferrari" in value)
    address = added.leads_to
    await visitor.sends(page, address, organisation_id=organisation.split('"')[0])
    assert "Officine Ferrari" in (await visitor.opens("/desk/people?q=emma2")).words


async def test_only_an_administrator_is_offered_roles(site: Site) -> None:
    assert "role" not in (await site.visitor(DAAN).opens("/desk/people/new")).form("/desk/people/new").names
    visitor = site.visitor(ANNA)
    form = await visitor.opens("/desk/people/new")
    added = await visitor.sends(form, "/desk/people/new", name="Noor", email="noor@balie.example", role="agent")
    assert "Agent" in (await visitor.follows(added)).words


async def test_organisations_are_added_once_and_renamed(site: Site) -> None:
    visitor = site.visitor(DAAN)
    form = await visitor.opens("/desk/organisations")
    await visitor.sends(form, "/desk/organisations", name="Gelateria Rossi")
    form = await visitor.opens("/desk/organisations?q=gelat")
    assert "Gelateria Rossi" in form.words
    twice = await visitor.sends(form, "/desk/organisations", name="Gelateria Rossi")
    assert (twice.status, "There is one like it already." in twice.words) == (422, True)
    address = next(link for link in form.links if link.startswith("/desk/organisations/"))
    await visitor.sends(await visitor.opens(address), address, name="Gelateria Bianchi")
    assert "Gelateria Bianchi" in (await visitor.opens("/desk/organisations?q=gelat")).words


async def test_mails_of_a_desk_without_smtp_are_read_in_a_sandbox(site: Site) -> None:
    html = "<style>p{color:red}</style><p>Dear Marieke <script>alert(1)</script><a href='https://desk.example/x'>go</a>"
    mail = (
        "From: Balie <support@balie.example>\nTo: Marieke <m@devries.example>\nSubject: Your ticket\n"
        f'MIME-Version: 1.0\nContent-Type: text/html; charset="utf-8"\n\n{html}'
    )
    (site.mailbox / "2026-1.eml").write_text(mail)
    visitor = site.visitor(DAAN)
    assert "Your ticket to Marieke" in (await visitor.opens("/desk/mailbox")).words
    page = await visitor.opens("/desk/mailbox/2026-1.eml")
    assert 'sandbox="allow-popups allow-popups-to-escape-sandbox"' in page.source
    framed = await visitor.opens("/desk/mailbox/2026-1.eml/html")
    policy = framed.response.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'")
    assert "sandbox allow-popups" in policy
    assert "script-src" not in policy


async def test_only_administrators_read_a_mail_that_opens_an_account(site: Site) -> None:
    template = f"{TEMPLATE_HEADER}: {Template.PASSWORD_LINK.value}"
    (site.mailbox / "1.eml").write_text(f"To: {ANNA}\nSubject: Choose a password\n{template}\n\nhere")
    for email, status in ((DAAN, 404), (ANNA, 200)):
        visitor = site.visitor(email)
        assert ("Choose a password" in (await visitor.opens("/desk/mailbox")).words) == (status == 200)
        for path in ("/desk/mailbox/1.eml", "/desk/mailbox/1.eml/html"):
            assert (await visitor.opens(path)).status == status


@pytest.mark.parametrize("name", ["..%2Fsecret.eml", "no.eml", "x.txt", ".eml"])
async def test_no_other_file_is_read_as_a_mail(site: Site, name: str) -> None:
    (site.mailbox.parent / "secret.eml").write_text("Subject: secret\n\n")
    assert (await site.visitor(DAAN).opens(f"/desk/mailbox/{name}")).status == 404
