"""The help centre: searching and reading articles, and saying whether they helped. Open to everybody."""

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from services.contract.errors import NotFound
from services.contract.limits import SEARCH_CHARACTERS_MAX
from services.contract.vocabulary import ArticleKind, Language
from services.web.forms import forms
from services.web.visit import AnyVisit

router = APIRouter()


@router.get("/help")
async def search(
    visit: AnyVisit,
    q: Annotated[str, Query()] = "",
    kind: Annotated[str, Query()] = "",
    cursor: Annotated[str, Query()] = "",
) -> Response:
    """The articles that answer the question best; without a question, all articles."""
    chosen = ArticleKind(kind) if kind in list(ArticleKind) else None
    q = q.strip()[:SEARCH_CHARACTERS_MAX]
    page = await visit.kb.articles(visit.language, q, chosen, cursor)
    return visit.page("help.html", q=q, kind=chosen, kinds=list(ArticleKind), page=page)


@router.get("/help/{slug}")
async def read(
    visit: AnyVisit, slug: str, lang: Annotated[str, Query()] = "", said: Annotated[str, Query()] = ""
) -> Response:
    """One article, in the language of the link, or else the visitor's."""
    language = Language(lang) if lang in list(Language) else visit.language
    article = await visit.kb.article(slug, language)
    return visit.page("article.html", article=article, said=said in ("yes", "no"), key=forms.new_key())


@router.post("/help/{slug}/feedback")
async def say(visit: AnyVisit, slug: str) -> Response:
    """Record whether the article helped."""
    form = await forms.read(visit.request)
    if form["helpful"] not in ("yes", "no"):
        raise NotFound("Feedback is yes or no.")
    language = Language(form.choice("lang", Language, visit.language))
    # The answer is part of the key: the opposite answer counts as new, the same answer again as a repeat.
    key = f"{form.key}.{form['helpful']}"
    await visit.kb.feedback(key, slug, language, helpful=form["helpful"] == "yes", comment=form["comment"])
    if visit.by_htmx:
        return visit.page("thanks.html")
    return visit.see(f"/help/{slug}?lang={language}&said={form['helpful']}#feedback")
