"""The kb API as its callers use it."""

from collections import Counter

import httpx
import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from services.contract.events import ArticlePublished, Event
from services.kb.catalogue import Catalogue
from services.kb.help_centre import load
from services.kb.library import OPINIONS_MAX
from services.kb.tables import feedback, outbox
from services.platform.database import connect
from services.platform.http import PAGE_MAX
from services.platform.process import listen
from tests.kb.library_desk import PUBLIC_URL, Reader, api_on, counted_statements, text
from tests.moved_clock import MovedClock

ARTICLES = "/api/v1/articles"
PRINTER = {"slug": "printer", "kind": "how_to", "translations": [{"language": "en", **text("Printing")}]}


async def told(engine: AsyncEngine) -> list[Event]:
    async with engine.connect() as connection:
        rows = await connection.execute(select(outbox.c.payload).order_by(outbox.c.id))
        return [Event.model_validate(payload) for payload in rows.scalars()]


async def opinions(engine: AsyncEngine) -> list[bool]:
    async with engine.connect() as connection:
        return list((await connection.execute(select(feedback.c.helpful).order_by(feedback.c.id))).scalars())


def problem_of(response: httpx.Response) -> tuple[int, str]:
    assert response.headers["content-type"] == "application/problem+json"
    return response.status_code, response.json()["type"].rsplit("/", 1)[-1]


async def test_a_published_article_can_be_read_in_its_languages(visitor: Reader, agent: Reader) -> None:
    markdown = "See [priorities](priorities)."
    published = await agent.publishes("printer", en=text("Printing", markdown=markdown), nl=text("Afdrukken"))
    assert await visitor.get(f"{ARTICLES}/printer") == published
    assert published == {
        "slug": "printer",
        "kind": "how_to",
        "title": "Printing",
        "summary": "What it says.",
        "html": '<p>See <a href="https://support.example/help/priorities?lang=en" rel="noopener noreferrer">'
        "priorities</a>.</p>\n",
        "markdown": markdown,
        "language": "en",
        "languages": ["en", "nl"],
        "updated_at": "2026-11-02T09:00:00Z",
        "helpful": 0,
        "not_helpful": 0,
    }
    assert (await visitor.get(f"{ARTICLES}/printer", language="nl"))["title"] == "Afdrukken"
    assert (await visitor.get(f"{ARTICLES}/printer", language="it"))["language"] == "en"


async def test_publishing_is_told_once_per_text_with_an_id_of_its_own(agent: Reader, engine: AsyncEngine) -> None:
    await agent.publishes("printer", en=text("Printing"), nl=text("Afdrukken"))
    for _ in range(2):
        await agent.ask("PUT", f"{ARTICLES}/printer/translations/nl", json=text("Printen"))
    events = await told(engine)
    assert [event.type for event in events] == [ArticlePublished.TYPE] * 3
    assert len({event.id for event in events}) == 3
    last = events[-1].read(ArticlePublished)
    assert last.article.title == "Printen"
    assert last.article.url == f"{PUBLIC_URL}/help/printer?lang=nl"


async def test_a_new_text_is_found_after_a_refresh_and_the_old_one_no_more(
    visitor: Reader, agent: Reader, catalogue: Catalogue
) -> None:
    await agent.publishes("printer", en=text("Connecting the printer"))
    await catalogue.refresh()
    assert await visitor.finds("printer") == ["printer"]
    await agent.ask("PUT", f"{ARTICLES}/printer/translations/en", json=text("Connecting the scanner"))
    await catalogue.refresh()
    assert (await visitor.finds("printer"), await visitor.finds("scanner")) == ([], ["printer"])


async def test_the_same_text_again_changes_nothing(agent: Reader, clock: MovedClock, engine: AsyncEngine) -> None:
    published = await agent.publishes("printer", en=text("Printing"))
    clock.now = clock.now.replace(hour=12)
    again = await agent.ask("PUT", f"{ARTICLES}/printer/translations/en", json=text("Printing"))
    assert (again.json(), len(await told(engine))) == (published, 1)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [("POST", ARTICLES, PRINTER), ("PUT", f"{ARTICLES}/printer/translations/en", text("Printing"))],
)
async def test_only_staff_writes(
    visitor: Reader, requester: Reader, method: str, path: str, body: object, engine: AsyncEngine
) -> None:
    assert problem_of(await visitor.ask(method, path, json=body)) == (401, "not-authenticated")
    assert problem_of(await requester.ask(method, path, json=body)) == (403, "not-allowed")
    forged = Reader(visitor._client, "no.such.token")
    assert problem_of(await forged.ask(method, path, json=body)) == (401, "not-authenticated")
    assert await told(engine) == []


async def test_a_slug_is_taken_once(agent: Reader) -> None:
    await agent.publishes("printer", en=text("Printing"))
    assert problem_of(await agent.ask("POST", ARTICLES, json=PRINTER)) == (409, "conflict")


async def test_a_repeated_post_gets_the_first_answer_and_publishes_once(agent: Reader, engine: AsyncEngine) -> None:
    key = {"Idempotency-Key": "one"}
    first = await agent.ask("POST", ARTICLES, json=PRINTER, headers=key)
    again = await agent.ask("POST", ARTICLES, json=PRINTER, headers=key)
    assert (first.status_code, first.json()) == (again.status_code, again.json())
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.headers["Location"] == f"{ARTICLES}/printer"
    assert len(await told(engine)) == 1
    other = await agent.ask("POST", ARTICLES, json={**PRINTER, "slug": "other"}, headers=key)
    assert problem_of(other) == (409, "conflict")


@pytest.mark.parametrize(
    "change",
    [
        {"slug": "No Slug"},
        {"slug": "-"},
        {"slug": "x" * 81},
        {"kind": "poem"},
        {"translations": []},
        {"translations": [{"language": "fr", **text("Imprimer")}]},
        {"translations": [{"language": "en", **text("One")}, {"language": "en", **text("Two")}]},
        {"translations": [{"language": "en", **text(" ")}]},
        {"translations": [{"language": "en", **text("a\x00b")}]},
        {"translations": [{"language": "en", **text("x" * 201)}]},
        {"translations": [{"language": "en", **text("x", markdown="x" * 100_001)}]},
        {"unknown": 1},
    ],
)
async def test_a_malformed_article_is_refused(agent: Reader, change: dict[str, object], engine: AsyncEngine) -> None:
    assert problem_of(await agent.ask("POST", ARTICLES, json={**PRINTER, **change})) == (422, "invalid")
    assert await told(engine) == []


async def test_a_lone_surrogate_is_refused(agent: Reader) -> None:
    body = b'{"slug": "x", "kind": "help", "translations": [{"language": "en", "title": "\\ud800", '
    body += b'"summary": "x", "markdown": "x"}]}'
    refused = await agent.ask("POST", ARTICLES, content=body, headers={"Content-Type": "application/json"})
    assert problem_of(refused) == (422, "invalid")


@pytest.mark.parametrize("slug", ["nothing", "No%20Slug", "%00", "%F0%9F%92%A5", "x" * 500])
async def test_what_is_not_there_is_not_found(visitor: Reader, agent: Reader, slug: str) -> None:
    for response in (
        await visitor.ask("GET", f"{ARTICLES}/{slug}"),
        await agent.ask("PUT", f"{ARTICLES}/{slug}/translations/en", json=text("x")),
        await visitor.ask("POST", f"{ARTICLES}/{slug}/feedback", json={"helpful": True}),
    ):
        assert problem_of(response) == (404, "not-found")


async def test_a_list_gives_every_article_once_in_the_best_language_newest_first(
    visitor: Reader, agent: Reader
) -> None:
    for number in range(5):
        texts = {"en": text(f"English {number}")} | ({"nl": text(f"Nederlands {number}")} if number % 2 else {})
        await agent.publishes(f"article-{number}", **texts)
    seen, cursor = [], None
    for expected_more in (True, True, False):
        page = await visitor.get(ARTICLES, language="nl", limit=2, **({"cursor": cursor} if cursor else {}))
        seen += [(item["slug"], item["language"], item["snippet"]) for item in page["items"]]
        cursor = page["next_cursor"]
        assert (cursor is not None) is expected_more
    assert seen == [
        ("article-4", "en", None),
        ("article-3", "nl", None),
        ("article-2", "en", None),
        ("article-1", "nl", None),
        ("article-0", "en", None),
    ]


async def test_a_list_can_be_of_one_kind(visitor: Reader, agent: Reader) -> None:
    await agent.publishes("printer", en=text("Printing"))
    assert (await visitor.get(ARTICLES, kind="release_note"))["items"] == []
    assert len((await visitor.get(ARTICLES, kind="how_to"))["items"]) == 1


@pytest.mark.parametrize("cursor", ["x", "bnVsbA==", "LTE=", "OTk5OTk5OTk5OTk5OTk5OTk5OTk5", "é", ""])
async def test_a_cursor_that_is_none_of_ours_is_refused(visitor: Reader, cursor: str) -> None:
    assert problem_of(await visitor.ask("GET", ARTICLES, params={"cursor": cursor})) == (422, "invalid")


async def test_a_list_takes_one_query_however_long_it_is(
    visitor: Reader, engine: AsyncEngine, clock: MovedClock
) -> None:
    await load(engine, clock, PUBLIC_URL)
    for limit in (1, PAGE_MAX):
        with counted_statements(engine) as sent:
            await visitor.get(ARTICLES, limit=limit)
        assert len(sent) == 1


async def test_searching_and_suggesting_take_no_query_at_all(
    visitor: Reader, engine: AsyncEngine, catalogue: Catalogue, clock: MovedClock
) -> None:
    await load(engine, clock, PUBLIC_URL)
    await catalogue.refresh()
    with counted_statements(engine) as sent:
        assert (await visitor.finds("wachtwoord", language="nl"))[0] == "logging-in"
        await visitor.get("/api/v1/suggest", subject="password", language="en")
    assert sent == []


async def test_a_search_shows_why_it_found_what_it_found(visitor: Reader, agent: Reader, catalogue: Catalogue) -> None:
    await agent.publishes("printer", en=text("Connecting", markdown="Switch the **printer** on & wait."))
    await catalogue.refresh()
    (item,) = (await visitor.get(ARTICLES, q="printers"))["items"]
    assert item["snippet"] == "Switch the <mark>printer</mark> on &amp; wait."
    assert item["url"] == f"{PUBLIC_URL}/help/printer?lang=en"


async def test_a_search_falls_back_to_another_language_and_says_so(
    visitor: Reader, agent: Reader, catalogue: Catalogue
) -> None:
    await agent.publishes("printer", nl=text("Afdrukken op de labelprinter"))
    await catalogue.refresh()
    (item,) = (await visitor.get(ARTICLES, q="labelprinter", language="it"))["items"]
    assert (item["slug"], item["language"]) == ("printer", "nl")


async def test_a_subject_being_typed_gets_suggestions_with_their_score(
    visitor: Reader, engine: AsyncEngine, catalogue: Catalogue, clock: MovedClock
) -> None:
    await load(engine, clock, PUBLIC_URL)
    await catalogue.refresh()
    answer = await visitor.get("/api/v1/suggest", subject="Ik ben mijn wachtw", language="nl", limit=1)
    (item,) = answer["items"]
    assert (item["slug"], item["language"]) == ("logging-in", "nl")
    assert 0.43 <= item["score"] <= 1
    assert (await visitor.get("/api/v1/suggest", subject="De printer staat in brand", language="nl"))["items"] == []


async def test_opinions_are_counted(visitor: Reader, agent: Reader) -> None:
    await agent.publishes("printer", en=text("Printing"), nl=text("Afdrukken"))
    for helpful in (True, True, False):
        given = await visitor.ask(
            "POST", f"{ARTICLES}/printer/feedback", json={"helpful": helpful, "comment": "?", "language": "nl"}
        )
        assert (given.status_code, given.content) == (204, b"")
    article = await visitor.get(f"{ARTICLES}/printer")
    assert (article["helpful"], article["not_helpful"]) == (2, 1)


async def test_a_known_persons_newest_opinion_replaces_the_last(
    requester: Reader, agent: Reader, engine: AsyncEngine
) -> None:
    await agent.publishes("printer", en=text("Printing"))
    for helpful in (True, False):
        await requester.ask("POST", f"{ARTICLES}/printer/feedback", json={"helpful": helpful})
    assert await opinions(engine) == [False]


async def test_an_opinion_sent_twice_under_one_key_counts_once(
    visitor: Reader, agent: Reader, engine: AsyncEngine
) -> None:
    await agent.publishes("printer", en=text("Printing"))
    headers = {"Idempotency-Key": "form-1"}
    sent = [
        await visitor.ask("POST", f"{ARTICLES}/printer/feedback", json={"helpful": True}, headers=headers)
        for _ in range(2)
    ]
    assert [response.status_code for response in sent] == [204, 204]
    assert [response.headers.get("Idempotency-Replayed") for response in sent] == [None, "true"]
    assert await opinions(engine) == [True]


async def test_one_address_cannot_vote_an_article_up(
    visitor: Reader, agent: Reader, engine: AsyncEngine, clock: MovedClock
) -> None:
    await agent.publishes("printer", en=text("Printing"))
    vote = ("POST", f"{ARTICLES}/printer/feedback")
    answers = Counter([(await visitor.ask(*vote, json={"helpful": True})).status_code for _ in range(OPINIONS_MAX + 3)])
    assert answers == {204: OPINIONS_MAX, 429: 3}
    refused = await visitor.ask(*vote, json={"helpful": True})
    assert problem_of(refused) == (429, "too-many-requests")
    assert int(refused.headers["Retry-After"]) > 0
    clock.now = clock.now.replace(minute=1)
    assert (await visitor.ask(*vote, json={"helpful": True})).status_code == 204


async def test_a_process_is_ready_once_its_index_is_built(engine: AsyncEngine, clock: MovedClock) -> None:
    catalogue = Catalogue(engine)
    async with api_on(engine, catalogue, clock) as reader:
        assert (await reader.ask("GET", "/healthz")).status_code == 200
        for path in ("/readyz", f"{ARTICLES}?q=printer", "/api/v1/suggest?subject=printer"):
            assert problem_of(await reader.ask("GET", path)) == (503, "temporarily-unavailable")
        await catalogue.refresh()
        assert (await reader.ask("GET", "/readyz")).status_code == 200


async def test_search_works_while_the_database_is_away_and_the_rest_is_a_typed_problem(
    engine: AsyncEngine, agent: Reader, catalogue: Catalogue, clock: MovedClock
) -> None:
    await agent.publishes("printer", en=text("Printing"))
    await catalogue.refresh()
    taken = listen("127.0.0.1", 0)
    port = taken.getsockname()[1]
    taken.close()
    away = connect(f"postgresql://nobody@127.0.0.1:{port}/nothing")
    async with api_on(away, catalogue, clock) as reader:
        assert await reader.finds("printing") == ["printer"]
        for path in (ARTICLES, f"{ARTICLES}/printer", "/readyz"):
            assert problem_of(await reader.ask("GET", path)) == (503, "temporarily-unavailable")
    await away.dispose()


async def test_every_operation_says_who_may_call_it(visitor: Reader) -> None:
    schema = await visitor.get("/api/v1/openapi.json")
    operations = [operation for path in schema["paths"].values() for operation in path.values()]
    assert len(operations) == 6
    for operation in operations:
        assert operation["description"].startswith(("Public", "Support staff and services"))
