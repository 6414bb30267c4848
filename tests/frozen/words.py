"""The texts of web and intake in every language, and the routes of the three applications."""

from collections.abc import Iterator, Mapping, Sequence

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import RouteContext, iter_route_contexts
from starlette.routing import compile_path

from services.contract.vocabulary import Language
from services.intake.history.teller import languages_said
from services.web.words import catalogues
from tests.frozen import apps


def words() -> str:
    """Each list of texts by key, then the routes of each application."""
    lists = {"web": catalogues(), "history": languages_said()}
    said = [f"{name} {line}" for name, said in lists.items() for line in _said(said)]
    routed = {"intake": apps.intake(), "kb": apps.kb(), "web": apps.web()}
    routes = [f"{name} {line}" for name, app in routed.items() for line in _routes(app)]
    return "".join(f"{line}\n" for line in (*said, *routes))


def _said(lists: Mapping[Language, Mapping[str, str]]) -> list[str]:
    return sorted(
        f"{language} {key} = {sentence!r}" for language, said in lists.items() for key, sentence in said.items()
    )


def _routes(app: FastAPI) -> list[str]:
    known = list(iter_route_contexts(app.routes))
    return sorted(line for route in known for line in _route(route, known))


def _route(route: RouteContext, known: Sequence[RouteContext]) -> Iterator[str]:
    dependant: Dependant | None = getattr(route, "dependant", None)
    guards = ", ".join(sorted(set(_dependencies(dependant)))) if dependant else ""
    for method in sorted(route.methods or {"mounted"}):
        first = next((other.path for other in known if _answers(other, method, route.path)), None)
        yield f"{method} {route.path} [{guards}]" + (f", but {first} comes first" if first != route.path else "")


def _answers(route: RouteContext, method: str, path: str | None) -> bool:
    pattern, _, _ = compile_path(route.path or "")
    return method in (route.methods or {"mounted"}) and pattern.fullmatch(path or "") is not None


def _dependencies(dependant: Dependant) -> Iterator[str]:
    for each in dependant.dependencies:
        yield getattr(each.call, "__name__", type(each.call).__name__)
        yield from _dependencies(each)
