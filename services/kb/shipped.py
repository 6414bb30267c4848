"""Reads the help centre that ships with Balie, the files `help/<slug>/<language>.md`.

Each has TOML front matter between `+++` lines, then markdown. The front matter has kind, place (the position in lists;
1 comes first), title and summary.
"""

import tomllib
from dataclasses import dataclass
from pathlib import Path

from services.contract.vocabulary import ArticleKind, Language
from services.kb.articles import Translation

FOLDER = Path(__file__).parent / "help"
FENCE = "+++\n"


@dataclass(frozen=True)
class Shipped:
    """One shipped article, in every language it has."""

    slug: str
    kind: ArticleKind
    place: int
    translations: tuple[Translation, ...]


def read_all(folder: Path = FOLDER) -> list[Shipped]:
    """Every shipped article, ordered by place. Raises ValueError, with the file's name, for a malformed one."""
    shipped = [_read(each) for each in folder.iterdir() if each.is_dir()]
    return sorted(shipped, key=lambda each: (each.place, each.slug))


def _read(folder: Path) -> Shipped:
    read = [_translation(file) for file in sorted(folder.glob("*.md"))]
    shelves = {(kind, place) for kind, place, _ in read}
    if len(shelves) != 1:
        raise ValueError(f"{folder}: its translations must be of one kind and place, not {sorted(shelves)}")
    return Shipped(folder.name, *shelves.pop(), tuple(translation for _, _, translation in read))


def _translation(file: Path) -> tuple[ArticleKind, int, Translation]:
    before, *parts = file.read_text(encoding="utf-8").split(FENCE, 2)
    try:
        front, markdown = parts
        facts = tomllib.loads(front)
        text = Translation(Language(file.stem), facts["title"], facts["summary"], markdown.strip() + "\n")
        kind, place = ArticleKind(facts["kind"]), int(facts["place"])
    except (KeyError, ValueError) as error:
        raise ValueError(
            f"{file}: the front matter needs kind, place, title and summary between '+++' lines"
        ) from error
    if before:
        raise ValueError(f"{file}: something stands before the front matter")
    return kind, place, text
