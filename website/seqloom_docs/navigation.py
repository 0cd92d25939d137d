"""Where pages stand in the site: folders listed by their files, links out of the docs made plain."""

import re
from pathlib import Path
from typing import Any

LINK = re.compile(r"(?<!!)\[([^\]]+)\]\(((?:\.\./)+[^)#\s]+)(#[^)]*)?\)")


def list_folders(entries: list[Any], docs: Path) -> list[Any]:
    """A navigation in which each entry that ends in "/" is the pages of that folder, README.md first.

    Pages that stand beside it by their own names are left out, so that they have the place that they were given.
    """
    listed: list[Any] = []
    for entry in entries:
        if isinstance(entry, dict):
            listed += [{title: _listed(value, docs)} for title, value in entry.items()]
        else:
            listed.append(entry)
    return listed


def _listed(value: Any, docs: Path) -> Any:
    if isinstance(value, list):
        found: list[Any] = []
        for each in value:
            folder = isinstance(each, str) and each.endswith("/")
            found += [page for page in folder_pages(docs, each) if page not in value] if folder else [each]
        return found
    return value


def folder_pages(docs: Path, folder: str) -> list[str]:
    """The pages in a folder, README.md first, then by name."""
    pages = sorted(path.name for path in (docs / folder).glob("*.md"))
    return [folder + name for name in sorted(pages, key=lambda name: name != "README.md")]


def name_outside(text: str, page: str, docs: Path) -> str:
    """Links to files of the repository that are not among the docs, as the file's name: the site doesn't have them.

    A link to nothing stays, for MkDocs to complain of.
    """

    def plain(match: re.Match[str]) -> str:
        target = (docs / page).parent.joinpath(match[2]).resolve()
        root = docs.resolve().parent
        if target.is_relative_to(docs.resolve()) or not target.is_relative_to(root) or not target.exists():
            return match[0]
        path = target.relative_to(root).as_posix()
        return f"`{path}`" if match[1].strip("`") in (path, match[2]) else f"{match[1]} (`{path}`)"

    return LINK.sub(plain, text)
