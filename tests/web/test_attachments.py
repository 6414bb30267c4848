"""Files that come with a form: each once, however often the form is sent."""

from tests.web.site import MARIEKE, Site

PHOTO = b"a photo of a silent printer"


async def test_two_files_of_equal_content_both_come_along_and_the_form_sent_twice_is_one_ticket(site: Site) -> None:
    visitor = site.visitor(MARIEKE)
    form = await visitor.opens("/tickets/new?subject=Twins")
    twins = [("files", (name, PHOTO, "image/jpeg")) for name in ("left.jpg", "right.jpg")]
    first = await visitor.sends(form, "/tickets/new", files=twins, text="See both.")
    second = await visitor.sends(form, "/tickets/new", files=twins, text="See both.")
    assert first.leads_to == second.leads_to
    page = await visitor.follows(first)
    assert {"left.jpg", "right.jpg"} <= set(page.words.split())
    assert len([link for link in page.links if link.startswith("/attachments/")]) == 2
    number = int(first.leads_to.rpartition("/")[2])
    assert await site.said(number) == ["See both."]


async def test_one_file_attached_twice_comes_along_twice(site: Site) -> None:
    visitor = site.visitor(MARIEKE)
    form = await visitor.opens("/tickets/new?subject=Twice")
    twice = [("files", ("a.txt", PHOTO, "text/plain"))] * 2
    page = await visitor.follows(await visitor.sends(form, "/tickets/new", files=twice, text="See both."))
    assert len([link for link in page.links if link.startswith("/attachments/")]) == 2
