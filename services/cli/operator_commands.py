"""Commands for operators: `balie migrate`, `doctor`, `token` and `admin`; and one for developers: `balie contract`.

An operator's command acts on the Balie that the environment names, or else on the one that runs on the `--state`
folder.
"""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer
from pydantic import TypeAdapter, ValidationError
from rich.console import Console

from services.cli.state_folder import DEFAULT, StateFolder, reach
from services.contract.vocabulary import Language
from services.platform.settings import SECRET_CHARACTERS_MIN, Settings

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

EXIT_TROUBLE = 1

app = typer.Typer()


def _name(text: str) -> str:
    from services.intake.tickets.input import Name

    return _of_form(Name, text, "give a name, and not too long a one.")


def _email(text: str) -> str:
    from services.intake.tickets.input import Email

    return _of_form(Email, text, "that is no mail address; give one as in name@example.com.")


def _of_form(form: Any, text: str, otherwise: str) -> str:
    try:
        return str(TypeAdapter(form).validate_python(text))
    except ValidationError:
        raise typer.BadParameter(otherwise) from None


Found = TypeVar("Found")


@app.command()
def migrate(state: StateFolder = DEFAULT) -> None:
    """Bring every service's tables, and the help centre that ships, to their newest form."""
    from services.kb.help_centre import load
    from services.platform.clock import wall_clock
    from services.platform.database import SERVICES_WITH_TABLES
    from services.platform.database import migrate as upgrade

    settings = reach(Settings, state)
    for service in SERVICES_WITH_TABLES:
        upgrade(settings.database_url.get_secret_value(), service)
        print(f"{service}: its tables are of the newest form.")
    loaded = _ask(settings, lambda engine: load(engine, wall_clock, settings.public_url))
    print(f"Help centre: {loaded.written} texts written; left alone because somebody edited them: {len(loaded.kept)}.")


@app.command()
def doctor(
    state: StateFolder = DEFAULT,
    heal: Annotated[bool, typer.Option("--heal", help="Set clocks right that differ from their ticket.")] = False,
) -> None:
    """Say in sentences what is wrong; exit code 1 where anything is, and is not set right."""
    from services.cli.doctor import DoctorSettings, examine

    findings = asyncio.run(examine(reach(DoctorSettings, state), healing=heal))
    console = Console(soft_wrap=True, highlight=False, markup=False)
    for finding in findings:
        console.print("✓" if finding.well else "✗", finding.sentence, style="" if finding.well else "red")
    if not all(finding.well for finding in findings):
        raise typer.Exit(EXIT_TROUBLE)


@app.command()
def token(name: Annotated[str, typer.Argument(metavar="NAME", callback=_name)], state: StateFolder = DEFAULT) -> None:
    """A token with which another service, NAME, may do what an agent may. Shown once, kept nowhere."""
    from services.intake.people.sessions import issue_service_token
    from services.platform.clock import wall_clock
    from services.platform.database import transaction
    from services.platform.identity import Signer

    settings = reach(Settings, state)
    signer = Signer(settings.secret.get_secret_value())

    async def issue(engine: "AsyncEngine") -> str:
        async with transaction(engine) as connection:
            return await issue_service_token(connection, signer, name, wall_clock())

    print(_ask(settings, issue))


@app.command()
def admin(
    email: Annotated[str, typer.Argument(metavar="EMAIL", callback=_email)],
    name: Annotated[str, typer.Option(help="For somebody new; the address where left out.")] = "",
    language: Annotated[Language, typer.Option(help="For somebody new.")] = Language.ENGLISH,
    state: StateFolder = DEFAULT,
) -> None:
    """Make somebody an administrator, and show the link with which they choose their password."""
    from services.intake.people.administrators import appoint
    from services.platform.clock import wall_clock
    from services.platform.database import transaction
    from services.platform.identity import Signer

    settings = reach(Settings, state)
    signer = Signer(settings.secret.get_secret_value())

    async def make(engine: "AsyncEngine") -> str:
        async with transaction(engine) as connection:
            return await appoint(
                connection, signer, email=email, name=name or email, language=language, now=wall_clock()
            )

    code = _ask(settings, make)
    print(f"{email} is an administrator. A link to choose a password, good for two hours and once:")
    print(f"{settings.public_url.rstrip('/')}/password?code={code}")


@app.command()
def contract(
    folder: Annotated[Path, typer.Argument(help="Where the documents are.")] = Path("deploy/contract"),
    check: Annotated[bool, typer.Option("--check", help="Write nothing; exit 1 where the code differs.")] = False,
    breaking: Annotated[bool, typer.Option("--breaking", help="Write even what breaks who builds on it.")] = False,
) -> None:
    """Write what others build on: OpenAPI of the APIs, AsyncAPI of the events, and the moves as the pages know them."""
    from services.cli.contract_documents import check_documents, check_moves, documents, write_documents, write_moves
    from services.cli.public_moves import public_moves
    from services.contract.moves import FILE

    if check:
        check_documents(folder, documents(_apis()))
        check_moves(public_moves(), FILE)
    else:
        write_documents(folder, documents(_apis()), breaking=breaking)
        write_moves(public_moves(), FILE)


def _ask(settings: Settings, work: "Callable[[AsyncEngine], Awaitable[Found]]") -> Found:
    from services.platform.database import connect

    async def ask() -> Found:
        engine = connect(settings.database_url.get_secret_value())
        try:
            return await work(engine)
        finally:
            await engine.dispose()

    return asyncio.run(ask())


def _apis() -> dict[str, dict[str, Any]]:
    from services.intake.api.app import build_api as intake_api
    from services.intake.api.deps import Desk
    from services.intake.rules.contracts import Terms
    from services.intake.tickets.attachments import PostgresBlobs
    from services.kb.app import build_api as kb_api
    from services.kb.catalogue import Catalogue
    from services.kb.library import Library
    from services.platform.clock import wall_clock
    from services.platform.database import connect
    from services.platform.identity import Signer

    # Only the APIs' descriptions are needed: nothing is ever connected to.
    engine, signer = connect("postgresql:///"), Signer("-" * SECRET_CHARACTERS_MIN)
    desk = Desk(engine, PostgresBlobs(), Terms(), signer, wall_clock)
    library = Library(engine, Catalogue(engine), "", signer, wall_clock)
    return {"intake": intake_api(desk).openapi(), "kb": kb_api(library).openapi()}
