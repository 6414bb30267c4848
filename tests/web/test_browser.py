"""The main paths of portal and desk in a real browser, on the whole running Balie."""

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect

from services.cli.embedded.whole import Embedded, running
from services.web.clients.mailbox import Mailbox
from services.web.rendering import has_asset
from tests.patience import until

pytestmark = pytest.mark.own_parts

CHROMIUM = "/usr/bin/chromium"
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PATIENCE_MS = 30_000
MARIEKE, DAAN, GIULIA = "marieke@devries.example", "daan@balie.example", "giulia@balie.example"
SUBJECT = "What do the statuses of a ticket mean?"

expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture(scope="module")
async def balie(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Embedded]:
    """Balie whole: every service, PostgreSQL and Temporal."""
    assert has_asset("vendor/htmx.min.js"), "run `make` first: it fetches htmx from npm"
    async with running(tmp_path_factory.mktemp("balie")) as balie:
        yield balie


@pytest.fixture(scope="module")
async def browser() -> AsyncIterator[Browser]:
    """Debian's Chromium."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield browser
        await browser.close()


class Person:
    """Somebody at a browser. What a page complains of in its console is kept."""

    def __init__(self, context: BrowserContext, page: Page) -> None:
        self.context, self.page = context, page
        self.complaints: list[str] = []
        page.on("console", lambda said: self.complaints.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))


async def at_a_browser(browser: Browser, balie: Embedded, email: str, machine_zone: str = "Europe/Amsterdam") -> Person:
    """Somebody who has just logged in, reading English, on a machine in this time zone."""
    context = await browser.new_context(
        base_url=balie.web_url,
        locale="en-GB",
        viewport={"width": 1440, "height": 900},
        timezone_id=machine_zone,
    )
    page = await context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    person = Person(context, page)
    await page.goto("/login")
    await page.get_by_label("E-mail address").fill(email)
    await page.get_by_label("Password").fill(balie.password)
    await page.locator("main").get_by_role("button", name="Log in").click()
    await page.wait_for_url(lambda url: "/login" not in url)
    await context.add_cookies([{"name": "balie_language", "value": "en", "url": balie.web_url}])
    return person


async def test_a_ticket_from_the_first_letter_typed_to_solved_with_both_sides_watching(
    balie: Embedded, browser: Browser, tmp_path: Path
) -> None:
    marieke = await at_a_browser(browser, balie, MARIEKE)
    daan = await at_a_browser(browser, balie, DAAN)

    # The desk watches its queue while the requester types.
    await daan.page.goto("/desk?view=new")
    await expect(daan.page.locator("html[data-listening]")).to_be_attached()

    page = marieke.page
    await page.goto("/tickets/new")
    await page.get_by_label("Subject").press_sequentially(SUBJECT)
    await expect(page.locator("#suggestions").get_by_role("link").first).to_be_visible()
    await expect(page.locator("#announcer")).to_contain_text("found that may answer your question")
    await page.get_by_label("What is the matter?").fill("I read the article and still wonder.")
    await page.get_by_role("radio", name="Medium").check()
    await page.get_by_role("button", name="Send to support").click()
    await expect(page.locator(".told")).to_contain_text("Your ticket has arrived.")
    number = page.url.rpartition("/")[2]

    # It appears in the queue by itself; Daan opens and takes it from the keyboard.
    desk = daan.page
    await expect(desk.get_by_text(SUBJECT)).to_be_visible()
    await desk.keyboard.press("j")
    await desk.keyboard.press("Enter")
    await expect(desk.get_by_role("heading", name=SUBJECT)).to_be_visible()
    await expect(desk.locator("html[data-listening]")).to_be_attached()
    await desk.keyboard.press("i")
    await expect(desk.locator("#side")).to_contain_text("Daan Visser")
    await desk.keyboard.press("a")
    await desk.keyboard.type("Which one puzzles you?")
    await desk.keyboard.press("Control+Enter")
    await expect(desk.locator("#standing")).to_contain_text("Pending")
    await expect(desk.locator("#side")).to_contain_text("Reminder")
    await expect(desk.locator("#side")).to_contain_text("Closing")
    await expect(desk.locator("#text")).to_have_value("")

    # The question arrives on Marieke's open page, with what happens next; she answers with a file.
    await expect(page.locator("#conversation")).to_contain_text("Which one puzzles you?")
    await expect(page.locator("#standing")).to_contain_text("If we hear nothing, this ticket closes on")
    (tmp_path / "statuses.txt").write_text("parked?")
    await page.get_by_role("textbox", name="Your reply").fill("The parked one, see the file.")
    await page.locator("#files").set_input_files(tmp_path / "statuses.txt")
    await page.get_by_role("button", name="Send reply").click()
    await expect(page.locator("#conversation")).to_contain_text("statuses.txt")
    async with page.expect_download() as downloading:
        await page.get_by_role("link", name="statuses.txt").click()
    file = await (await downloading.value).path()
    assert await asyncio.to_thread(file.read_text) == "parked?"

    # The answer arrives on the desk without touching what Daan is typing there.
    await desk.keyboard.press("s")
    await desk.keyboard.type("Parked means: it needs a change")
    await expect(desk.locator("#conversation")).to_contain_text("The parked one, see the file.")
    await expect(desk.locator("#text")).to_have_value("Parked means: it needs a change")
    await desk.keyboard.type(" of the software.")
    await desk.keyboard.press("Control+Enter")
    await expect(desk.locator("#standing")).to_contain_text("Solved")
    await expect(desk.locator("#side")).to_contain_text("Satisfaction survey")
    await expect(page.locator("#standing")).to_contain_text("we ask by e-mail whether you were satisfied")

    await desk.goto("/desk/mailbox")
    await expect(desk.get_by_role("link", name=f"#{number}").first).to_be_visible()
    assert (marieke.complaints, daan.complaints) == ([], [])
    await marieke.context.close()
    await daan.context.close()


async def test_what_is_typed_survives_a_reload_and_is_forgotten_once_sent(balie: Embedded, browser: Browser) -> None:
    marieke = await at_a_browser(browser, balie, MARIEKE)
    page = marieke.page
    await page.goto("/tickets/new")
    await page.get_by_label("Subject").fill("Half a ticket")
    await page.get_by_label("What is the matter?").fill("Half a story")
    await page.reload()
    await expect(page.get_by_label("What is the matter?")).to_have_value("Half a story")
    await expect(page.get_by_label("Subject")).to_have_value("Half a ticket")
    await page.get_by_role("button", name="Send to support").click()
    await expect(page.locator(".told")).to_contain_text("Your ticket has arrived.")
    await page.goto("/tickets/new")
    await expect(page.get_by_label("What is the matter?")).to_have_value("")
    assert marieke.complaints == []
    await marieke.context.close()


async def test_the_agents_text_stays_when_somebody_else_is_faster(balie: Embedded, browser: Browser) -> None:
    daan = await at_a_browser(browser, balie, DAAN)
    giulia = await at_a_browser(browser, balie, GIULIA)
    for page in (daan.page, giulia.page):
        await page.goto("/desk/tickets/new")
    await daan.page.get_by_label("Name of the caller").fill("Mevrouw Smit")
    await daan.page.get_by_label("Subject").fill("Is there anybody on Saturday?")
    await daan.page.get_by_label("What did they ask?").fill("She asked.")
    await daan.page.get_by_role("button", name="Log the call").click()
    await expect(daan.page.locator("#conversation")).to_contain_text("She asked.")
    # Daan's page hears nothing of what Giulia does: its stream is cut.
    await daan.context.route("**/live*", lambda route: route.abort())
    await daan.page.reload()
    await giulia.page.goto(daan.page.url)
    await giulia.page.keyboard.press("r")
    await giulia.page.keyboard.type("No, on weekdays only.")
    await giulia.page.keyboard.press("Control+Enter")
    await expect(giulia.page.locator("#conversation")).to_contain_text("No, on weekdays only.")
    await daan.page.keyboard.press("r")
    await daan.page.keyboard.type("I will find out.")
    await daan.page.keyboard.press("Control+Enter")
    await expect(daan.page.locator("#composer").get_by_role("alert")).to_contain_text("Giulia Conti wrote a message")
    await expect(daan.page.locator("#text")).to_have_value("I will find out.")
    await daan.context.close()
    await giulia.context.close()


async def test_actions_and_bulks_from_the_keyboard(balie: Embedded, browser: Browser) -> None:
    marieke = await at_a_browser(browser, balie, MARIEKE)
    for subject in ("The first of two", "The second of two"):
        await marieke.page.goto("/tickets/new")
        await marieke.page.get_by_label("Subject").fill(subject)
        await marieke.page.get_by_label("What is the matter?").fill("Both at once.")
        await marieke.page.get_by_role("button", name="Send to support").click()
        await expect(marieke.page.locator(".told")).to_contain_text("Your ticket has arrived.")

    daan = await at_a_browser(browser, balie, DAAN)
    desk = daan.page
    await desk.goto("/desk?q=of two")
    await desk.get_by_role("link", name="The second of two").click()
    await expect(desk.locator("#side")).to_contain_text("of working time left")

    # A form of the side begins where it can be filled in, and what was typed survives the ticket's own news.
    await desk.keyboard.press("t")
    await expect(desk.locator("#add")).to_be_focused()
    await desk.keyboard.type("pri")
    await marieke.page.get_by_role("textbox", name="Your reply").fill("One more thing.")
    await marieke.page.get_by_role("button", name="Send reply").click()
    await expect(desk.locator("#conversation")).to_contain_text("One more thing.")
    await desk.keyboard.type("nter")
    await desk.keyboard.press("Enter")
    await expect(desk.locator("#side .tag")).to_have_text("printer")
    await desk.keyboard.press("z")
    await expect(desk.locator("#doing")).to_contain_text("Tomorrow")
    await desk.keyboard.press("Escape")
    await desk.keyboard.press("Escape")
    await expect(desk.locator("#doing")).to_be_empty()

    await desk.goto("/desk?q=of two")
    for key in ("j", "x", "j", "X"):
        await desk.keyboard.press(key)
    await expect(desk.locator("#selected")).to_have_text("2 selected")
    await desk.locator("#bulk").get_by_role("button", name="Tags").click()
    await desk.get_by_label("Add").fill("both")
    await desk.get_by_role("button", name="Start").click()
    await expect(desk.locator("#bulk-state")).to_have_text("Done")
    await expect(desk.locator("#progress")).to_contain_text("2 done, 0 refused, 0 not done")
    assert (marieke.complaints, daan.complaints) == ([], [])
    await marieke.context.close()
    await daan.context.close()


async def test_enter_in_a_form_with_more_buttons_sends_what_was_typed(balie: Embedded, browser: Browser) -> None:
    marieke = await at_a_browser(browser, balie, MARIEKE)
    await marieke.page.goto("/tickets/new")
    await marieke.page.get_by_label("What is the matter?").fill("It does not print.")
    await marieke.page.get_by_label("Subject").fill("A date to type")
    await marieke.page.get_by_label("Subject").press("Enter")
    await expect(marieke.page.locator(".told")).to_contain_text("Your ticket has arrived.")

    daan = await at_a_browser(browser, balie, DAAN)
    desk = daan.page
    await desk.goto("/desk?q=A date to type")
    await desk.get_by_role("link", name="A date to type").click()
    await expect(desk.locator("#side")).to_contain_text("of working time left")
    year = datetime.now(tz=UTC).year + 1
    # Above the date stand buttons for tomorrow, Monday and so on; and, for a step, one that skips it.
    await desk.keyboard.press("z")
    await desk.locator("#until").fill(f"{year}-02-03T09:00")
    await desk.locator("#until").press("Enter")
    await expect(desk.locator("#side")).to_contain_text(f"3 February {year} at 09:00 CET")
    await desk.locator("#composer").get_by_text("Ask", exact=True).first.click()
    await desk.locator("#text").fill("Which one?")
    await desk.locator("#text").press("Control+Enter")
    await desk.get_by_label("Change Closing").click()
    await desk.locator("#until").fill(f"{year}-02-04T09:00")
    await desk.locator("#until").press("Enter")
    await expect(desk.locator("#side")).to_contain_text(f"4 February {year} at 09:00 CET")
    assert (marieke.complaints, daan.complaints) == ([], [])
    await marieke.context.close()
    await daan.context.close()


async def test_page_and_mail_are_in_the_zone_chosen_by_keyboard_wherever_the_machine_stands(
    balie: Embedded, browser: Browser
) -> None:
    giulia, marieke = [await at_a_browser(browser, balie, email, "Asia/Tokyo") for email in (GIULIA, MARIEKE)]
    page, desk = marieke.page, giulia.page
    await page.goto("/profile")
    await page.get_by_role("combobox", name="Language").select_option("en")
    await page.get_by_label("Time zone").focus()
    await page.keyboard.type("Kathmandu")
    await page.keyboard.press("Tab")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_label("Time zone")).to_have_value("Asia/Kathmandu")

    await page.goto("/tickets/new")
    await page.get_by_label("Subject").fill("What time is it?")
    await page.get_by_label("What is the matter?").fill("Here, I mean.")
    await page.get_by_role("button", name="Send to support").click()
    await expect(page.locator(".told")).to_contain_text("Your ticket has arrived.")
    number = page.url.rpartition("/")[2]
    await desk.goto(f"/desk/tickets/{number}")
    await desk.keyboard.press("a")
    await desk.keyboard.type("Where are you?")
    await desk.keyboard.press("Control+Enter")
    await expect(desk.locator("#standing")).to_contain_text("Pending")

    # Giulia has chosen nothing: she reads in the desk's zone, not in that of her machine.
    await expect(desk.locator(".steps time").first).to_have_text(re.compile(r" CES?T$"))
    closing = page.locator("#standing").get_by_text("this ticket closes on")
    await expect(closing).to_have_text(re.compile(r"closes on \w+day \d+ \w+ \d{4} at \d\d:\d\d UTC\+5:45"))
    at = re.search(r"closes on (.* UTC\+5:45)", await closing.inner_text())
    assert at is not None

    assert balie.mail_folder is not None
    mailbox = Mailbox(balie.mail_folder)

    def mailed() -> bool:
        mails = [mail for mail in mailbox.newest(everything=True) if f"#{number}" in mail.subject]
        return any(f"close the ticket on {at[1]}" in " ".join(mail.text.split()) for mail in mails)

    await until(mailed, "the mail with the same time as the page")
    assert (giulia.complaints, marieke.complaints) == ([], [])
    await giulia.context.close()
    await marieke.context.close()
