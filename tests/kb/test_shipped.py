"""The help centre that ships: complete, well formed, linked, and true to what the code does."""

import re
from datetime import timedelta
from importlib import resources
from pathlib import Path

import pytest

from services.contract.limits import (
    ATTACHMENT_BYTES_MAX,
    ATTACHMENTS_MAX,
    BULK_TICKETS_MAX,
    FORM_BYTES_MAX,
    PASSWORD_CHARACTERS_MIN,
    SLUG_CHARACTERS_MAX,
    SUMMARY_CHARACTERS_MAX,
    TITLE_CHARACTERS_MAX,
)
from services.contract.moves import shortcuts
from services.contract.vocabulary import ArticleKind, Kind, Language, Metric, Priority, Status
from services.contract.wording import kind_label, metric_label, priority_label, priority_meaning, requester_status_label
from services.intake.bulk.bulks import is_reversible
from services.intake.rules.bulk import PER_SECOND, UNDO_WINDOW
from services.intake.rules.registry import MANY
from services.kb.articles import (
    SLUG_PATTERN,
    Translation,
)
from services.kb.rendering import is_article_link, links
from services.kb.shipped import Shipped, read_all
from services.platform.identity import PASSWORD_LINK_LIFETIME, SESSION_LIFETIME
from services.promises.policy import Policy
from services.web.words import catalogues

SHIPPED = {shipped.slug: shipped for shipped in read_all()}
MEGABYTE = 1024 * 1024


def _text(slug: str, language: Language) -> Translation:
    return next(text for text in SHIPPED[slug].translations if text.language is language)


def test_the_help_centre_has_every_kind_it_needs() -> None:
    kinds = {shipped.kind for shipped in SHIPPED.values()}
    assert kinds == {
        ArticleKind.HOW_TO,
        ArticleKind.HELP,
        ArticleKind.RELEASE_NOTE,
        ArticleKind.SYSTEM_REQUIREMENT,
    }
    assert sorted(shipped.place for shipped in SHIPPED.values()) == list(range(1, len(SHIPPED) + 1))


@pytest.mark.parametrize("shipped", SHIPPED.values(), ids=SHIPPED)
def test_an_article_is_there_in_every_language_and_fits_the_limits(shipped: Shipped) -> None:
    assert re.fullmatch(SLUG_PATTERN, shipped.slug)
    assert len(shipped.slug) <= SLUG_CHARACTERS_MAX
    assert {text.language for text in shipped.translations} == set(Language)
    for text in shipped.translations:
        assert 0 < len(text.title) <= TITLE_CHARACTERS_MAX
        assert 0 < len(text.summary) <= SUMMARY_CHARACTERS_MAX
        assert len(text.markdown) > 400


@pytest.mark.parametrize("shipped", SHIPPED.values(), ids=SHIPPED)
def test_every_link_between_articles_leads_to_one_that_ships(shipped: Shipped) -> None:
    for text in shipped.translations:
        assert [link for link in links(text.markdown) if not is_article_link(link) or link not in SHIPPED] == []


@pytest.mark.parametrize("shipped", SHIPPED.values(), ids=SHIPPED)
def test_the_translations_of_an_article_are_built_alike(shipped: Shipped) -> None:
    def shape(text: Translation) -> list[object]:
        marks = [line.split(" ")[0] for line in text.markdown.splitlines() if re.match(r"#+ |\||- |\d\. ", line)]
        return [*marks, sorted(links(text.markdown)), sorted(re.findall(r"\d+", text.markdown))]

    dutch, italian, english = (shape(_text(shipped.slug, language)) for language in Language)
    assert dutch == english == italian


@pytest.mark.parametrize("language", Language)
def test_the_priorities_are_explained_as_where_they_are_chosen(language: Language) -> None:
    said = _text("priorities", language).markdown
    for priority in Priority:
        assert f"| **{priority_label(priority, language)}** | {priority_meaning(priority, language)} |" in said


@pytest.mark.parametrize("language", Language)
def test_the_statuses_are_called_as_the_requester_sees_them(language: Language) -> None:
    said = _text("ticket-statuses", language).markdown
    for status in Status:
        assert f"| **{requester_status_label(status, language)}** |" in said


@pytest.mark.parametrize("language", Language)
def test_the_kinds_are_called_as_where_they_are_chosen(language: Language) -> None:
    said = _text("wishes-and-incidents", language).markdown
    for kind in Kind:
        assert f"| **{kind_label(kind, language)}** |" in said


@pytest.mark.parametrize("language", Language)
def test_the_promises_are_those_of_the_default_policy(language: Language) -> None:
    policy, said = Policy(), _text("what-happens-when", language)
    days = [f"**{span.length // timedelta(days=1)} " for span in (policy.reminder_after, policy.closure_after)]
    hours = [f"**{span.length // timedelta(hours=1)} " for span in (policy.survey_after, policy.finalisation_after)]
    assert [mark for mark in (*days, *hours) if f"| {mark}" not in said.markdown] == []
    assert re.findall(r"\d+", said.summary) == re.findall(r"\d+", "".join((*days, *hours)))


@pytest.mark.parametrize("language", Language)
def test_the_promised_times_are_those_of_the_default_policy_and_called_as_on_the_desk(language: Language) -> None:
    policy, said = Policy(), _text("promises-and-automatic-steps", language).markdown
    (target,) = policy.targets
    hours = f"**{target.within.length // timedelta(hours=1)} "
    assert hours in said
    assert hours in _text("what-happens-when", language).markdown
    assert [f"**{percent} " in said for percent in policy.warn_at] == [True]
    words = catalogues()[language]
    for metric in Metric:
        assert f"| **{metric_label(metric, language)}** | {words[f'metric.{metric}']} |" in said


@pytest.mark.parametrize("language", Language)
def test_every_command_for_many_tickets_is_told_and_whether_it_can_be_undone(language: Language) -> None:
    said, words = _text("many-tickets-at-once", language).markdown, catalogues()[language]
    rows = [line.strip("| ").split(" | ") for line in said.splitlines() if line.startswith("| **")]
    undone = {name.strip("*"): can for name, _, can in rows}
    yes, no = undone[words["bulk_command.assign"]], undone[words["bulk_command.close"]]
    asked_for = [name for name, many in MANY.items() if many.body]
    assert undone == {words[f"bulk_command.{name}"]: yes if is_reversible(name) else no for name in asked_for}
    assert yes != no
    assert f"**{PER_SECOND} " in said
    assert f"**{UNDO_WINDOW // timedelta(hours=1)} " in said
    assert re.sub(r"(?<=\d)[.,](?=\d)", "", said).count(f" {BULK_TICKETS_MAX} ") == 1


@pytest.mark.parametrize("language", Language)
def test_the_keys_are_those_the_desk_knows(language: Language) -> None:
    article = _text("answering-from-the-keyboard", language).markdown
    told = set(re.findall(r"`(\S)`(?!`)", re.sub(r"`\S+`\+`\S+`", "", article)))
    script = (resources.files("services.web") / "static" / "keys.js").read_text()
    known = set(re.findall(r'^    "?(\S)"?: ', script, re.MULTILINE))
    assert told == known | set(shortcuts().values())


@pytest.mark.parametrize("language", Language)
def test_the_limits_of_attachments_are_the_portals(language: Language) -> None:
    said = _text("attachments", language)
    limits = [str(ATTACHMENTS_MAX), str(ATTACHMENT_BYTES_MAX // MEGABYTE), str(FORM_BYTES_MAX // MEGABYTE)]
    assert re.findall(r"\d+", said.summary) == limits
    assert sorted(re.findall(r"\*\*(\d+) ", said.markdown)) == sorted(limits)


@pytest.mark.parametrize("language", Language)
def test_what_is_said_of_passwords_and_sessions_is_so(language: Language) -> None:
    said = _text("logging-in", language).markdown
    assert f"**{PASSWORD_LINK_LIFETIME // timedelta(hours=1)} " in said
    assert f"**{PASSWORD_CHARACTERS_MIN} " in said
    assert f" {SESSION_LIFETIME // timedelta(hours=1)} " in said


def test_a_file_that_is_not_well_formed_is_named(tmp_path: Path) -> None:
    file = tmp_path / "some-article" / "en.md"
    file.parent.mkdir()
    for wrong in ("no front matter", '+++\ntitle = "x"\n+++\ntext', '+++\nkind = "poem"\n+++\n', "+++\nkind = \n+++\n"):
        file.write_text(wrong)
        with pytest.raises(ValueError, match=r"some-article/en\.md"):
            read_all(tmp_path)


def test_translations_of_different_kinds_are_refused(tmp_path: Path) -> None:
    (tmp_path / "some-article").mkdir()
    for language, kind in (("en", "help"), ("nl", "how_to")):
        front = f'+++\nkind = "{kind}"\nplace = 1\ntitle = "x"\nsummary = "x"\n+++\n'
        (tmp_path / "some-article" / f"{language}.md").write_text(front)
    with pytest.raises(ValueError, match="one kind"):
        read_all(tmp_path)
