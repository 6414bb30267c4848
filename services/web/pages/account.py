"""Pages to log in and out, to choose a password, for the profile, and to choose language and theme."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from services.contract.errors import Invalid, NotAuthenticated, Permanent, TooManyRequests
from services.contract.limits import NAME_CHARACTERS_MAX, PASSWORD_CHARACTERS_MIN
from services.contract.vocabulary import STAFF, Language
from services.platform.identity import PASSWORD_LINK_LIFETIME, SESSION_LIFETIME
from services.web.clients.records import Person
from services.web.forms import forms
from services.web.forms.forms import Form, explain
from services.web.forms.zone_choice import check_zone, zone_groups
from services.web.guard import inside
from services.web.visit import (
    LANGUAGE_COOKIE,
    PREFERENCE_SECONDS,
    SESSION_COOKIE,
    THEME_COOKIE,
    THEMES,
    AnyVisit,
    KnownVisit,
    Visit,
)

router = APIRouter()


@router.get("/login")
async def log_in_page(visit: AnyVisit, next: Annotated[str, Query()] = "") -> Response:
    """The log-in page; `next` is the address to go to afterwards."""
    if visit.caller:
        return visit.see(inside(next, _home(visit.caller.is_staff)))
    return visit.page("log_in.html", form=Form({"next": inside(next, "")}, [], []))


@router.post("/login")
async def log_in(visit: AnyVisit) -> Response:
    """Start a session. The error never says whether the address or the password was wrong."""
    form = await forms.read(visit.request)
    try:
        session = await visit.intake.log_in(form["email"], form.fields.get("password", ""))
    except (Permanent, TooManyRequests) as error:
        mistaken = isinstance(error, NotAuthenticated | Invalid)
        form.errors[""] = visit.t("log_in.wrong") if mistaken else forms.sentence(error, visit.t)
        return visit.page("log_in.html", status=422, form=form, errors=form.errors)
    response = visit.see(inside(form["next"], _home(session.person.role in STAFF)))
    visit.set_cookie(response, SESSION_COOKIE, session.token, int(SESSION_LIFETIME.total_seconds()))
    visit.set_cookie(response, LANGUAGE_COOKIE, session.person.language, PREFERENCE_SECONDS)
    return response


@router.post("/logout")
async def log_out(visit: KnownVisit) -> Response:
    """Delete the session cookie of this browser; with `everywhere`, end all sessions on every device."""
    form = await forms.read(visit.request)
    if form["everywhere"]:
        await visit.intake.end_sessions()
    response = visit.see("/", told="logged_out")
    response.delete_cookie(SESSION_COOKIE)
    return response


@router.get("/password")
async def password_page(visit: AnyVisit, code: Annotated[str, Query()] = "") -> Response:
    """Without a code, ask for an address to mail a link to; with one, ask for the new password."""
    return _password(visit, Form({"code": code}, [], []))


@router.post("/password")
async def choose_password(visit: AnyVisit) -> Response:
    """Ask for a link by mail, or choose a password with the code of one."""
    form = await forms.read(visit.request)
    return await (_use_link(visit, form) if form["code"] else _ask_for_link(visit, form))


async def _ask_for_link(visit: Visit, form: Form) -> Response:
    form.need_email("email", visit.t)
    if not form.errors:
        try:
            await visit.intake.send_password_link(form["email"], form["name"], visit.language)
            return _password(visit, form, sent_to=form["email"])
        except (Permanent, TooManyRequests) as error:
            explain(form, error, visit.t)
    return _password(visit, form, status=422)


async def _use_link(visit: Visit, form: Form) -> Response:
    password = form.fields.get("password", "")
    if len(password) < PASSWORD_CHARACTERS_MIN:
        form.errors["password"] = visit.t("wrong.short_password", min=PASSWORD_CHARACTERS_MIN)
    else:
        try:
            await visit.intake.choose_password(form["code"], password)
            return visit.see("/login", told="password_chosen")
        except NotAuthenticated:
            form.errors[""] = visit.t("password.old_link")
        except Permanent as error:
            explain(form, error, visit.t)
    return _password(visit, form, status=422)


@router.get("/profile")
async def profile_page(visit: KnownVisit) -> Response:
    """The visitor's own profile."""
    me = await visit.intake.me()
    return _profile_page(visit, me, _profile(me))


@router.post("/profile")
async def change_profile(visit: KnownVisit) -> Response:
    """Change name, language and time zone."""
    form = await forms.read(visit.request)
    form.need("name", visit.t, NAME_CHARACTERS_MAX)
    check_zone(form, visit.t)
    language = Language(form.choice("language", Language, visit.language))
    if not form.errors:
        try:
            await visit.intake.change_me(name=form["name"], language=language, zone=form["zone"] or None)
            response = visit.see("/profile", told="saved")
            visit.set_cookie(response, LANGUAGE_COOKIE, language, PREFERENCE_SECONDS)
            return response
        except Permanent as error:
            explain(form, error, visit.t)
    return _profile_page(visit, await visit.intake.me(), form, status=422)


@router.post("/language")
async def choose_language(visit: AnyVisit) -> Response:
    """Change the language of the pages; for a logged-in visitor also that of the account."""
    form = await forms.read(visit.request)
    language = form.choice("language", Language, visit.language)
    response = visit.see(inside(form["next"]))
    visit.set_cookie(response, LANGUAGE_COOKIE, language, PREFERENCE_SECONDS)
    if visit.caller:
        # Mails are in the account's language, so change that too; but if that fails, the page must still work.
        await asyncio.gather(visit.intake.change_me(language=language), return_exceptions=True)
    return response


@router.post("/theme")
async def choose_theme(visit: AnyVisit) -> Response:
    """Change the theme: light, dark, or the device's own."""
    form = await forms.read(visit.request)
    response = visit.see(inside(form["next"]))
    visit.set_cookie(response, THEME_COOKIE, form.choice("theme", THEMES, "auto"), PREFERENCE_SECONDS)
    return response


def _password(visit: Visit, form: Form, sent_to: str | None = None, status: int = 200) -> Response:
    return visit.page(
        "password.html",
        status=status,
        form=form,
        errors=form.errors,
        sent_to=sent_to,
        characters_min=PASSWORD_CHARACTERS_MIN,
        lifetime=PASSWORD_LINK_LIFETIME,
    )


def _profile_page(visit: Visit, me: Person, form: Form, status: int = 200) -> Response:
    zones = zone_groups(visit.t)
    return visit.page("profile.html", status=status, me=me, form=form, errors=form.errors, zones=zones)


def _home(staff: bool) -> str:
    return "/desk" if staff else "/"


def _profile(me: Person) -> Form:
    return Form({"name": me.name, "language": me.language, "zone": me.zone or ""}, [], [])
