"""The help centre that ships: `help/<slug>/<language>.md`, TOML front matter between `+++` lines, then markdown."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

from services.kb.articles import Translation
from services.vocabulary import ArticleKind, Language

FOLDER = Path(__file__).parent / "help"
FENCE = "+++\n"


@dataclass(frozen=True)
class Shipped:
    """One shipped article, in every language it has."""

    slug: str
    kind: ArticleKind
    translations: tuple[Translation, ...]


def read_all(folder: Path = FOLDER) -> list[Shipped]:
    """Every shipped article. Raises ValueError, naming the file, for one that is not well formed."""
    return [_read(each) for each in sorted(folder.iterdir()) if each.is_dir()]


def _read(folder: Path) -> Shipped:
    read = [_translation(file) for file in sorted(folder.glob("*.md"))]
    kinds = {kind for kind, _ in read}
    if len(kinds) != 1:
        raise ValueError(f"{folder}: its translations must be of one kind, not {sorted(kinds)}")
    return Shipped(folder.name, kinds.pop(), tuple(translation for _, translation in read))


def _translation(file: Path) -> tuple[ArticleKind, Translation]:
    before, *parts = file.read_text(encoding="utf-8").split(FENCE, 2)
    try:
        front, markdown = parts
        facts = tomllib.loads(front)
        text = Translation(Language(file.stem), facts["title"], facts["summary"], markdown.strip() + "\n")
        kind = ArticleKind(facts["kind"])
    except (KeyError, ValueError) as error:
        raise ValueError(f"{file}: the front matter needs kind, title and summary between '+++' lines") from error
    if before:
        raise ValueError(f"{file}: something stands before the front matter")
    return kind, text
