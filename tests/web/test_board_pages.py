"""The product director's board, without a script."""

from services.contract.vocabulary import Role
from tests.web.site import DAAN, EMMA, MARIEKE, Site


async def parked(site: Site, email: str, subject: str, *, workaround: bool) -> int:
    """A ticket on the board."""
    number = await site.ticket(email, subject)
    await site.moves(DAAN, number, "park", workaround=workaround, effort="small", note="A new driver.")
    return number


async def test_the_board_shows_what_each_score_is_made_of_best_first(site: Site) -> None:
    lesser = await parked(site, MARIEKE, "A darker till", workaround=True)
    better = await parked(site, EMMA, "Labels come out blank", workaround=False)
    page = await site.visitor(DAAN).opens("/desk/board")
    assert page.links.index(f"/desk/tickets/{better}") < page.links.index(f"/desk/tickets/{lesser}")
    assert "Workaround none +30" in page.words
    assert "Reported by 1 customer +10" in page.words
    assert "Effort small +0" in page.words
    assert not [link for link in page.links if link.endswith(("/do/plan", "/do/decline"))]


async def test_the_director_plans_and_ships_a_release_from_the_board(site: Site) -> None:
    number = await parked(site, MARIEKE, "Labels come out blank", workaround=False)
    director = site.visitor(await site.adds("Sofia", Role.DIRECTOR))
    page = await director.opens("/desk/board")
    plan = next(link for link in page.links if link.endswith("/do/plan"))
    await director.sends(await director.opens(plan), plan, release="4.3 / spring")
    board = await director.opens("/desk/board")
    assert "4.3 / spring" in board.words
    assert "1 ticket planned" in board.words
    ship = await director.opens(next(link for link in board.links if "/ship?" in link))
    assert "1 ticket is solved, and its requester told in their language." in ship.words
    sent = await director.sends(ship, "/desk/board/ship", note="Labels print again.")
    await site.carries_out(sent.leads_to.rpartition("/")[2])
    assert (await site.reads(DAAN, number))["status"] == "solved"
    assert "shipped on 2 November 2026" in (await director.opens("/desk/board")).words


async def test_nobody_else_ships(site: Site) -> None:
    number = await parked(site, MARIEKE, "Labels come out blank", workaround=False)
    visitor = site.visitor(DAAN)
    assert (await visitor.opens("/desk/board/ship?release=none")).status == 200
    refused = await visitor.sends(await visitor.opens("/desk/board/ship?release=4.3"), "/desk/board/ship")
    assert (refused.status, "You may not do this." in refused.words) == (422, True)
    assert (await site.reads(DAAN, number))["status"] == "parked"
    assert (await site.visitor(MARIEKE).opens("/desk/board")).status == 403
