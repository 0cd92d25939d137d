"""The built site as a browser meets it: where its links lead, and what its pages would fetch."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

FETCHED = {"img": "src", "script": "src", "iframe": "src", "source": "src", "object": "data", "embed": "src"}
LOADING = {
    "stylesheet",
    "icon",
    "preload",
    "preconnect",
    "prefetch",
    "manifest",
    "modulepreload",
    "dns-prefetch",
}
OUTSIDE_IN_CSS = re.compile(r"(?:@import\s+|url\()\s*[\"']?((?:https?:)?//[^\"')\s]+)")


@dataclass
class Links(HTMLParser):
    """What a page names: its own anchors, where it links to, what it fetches."""

    anchors: set[str] = field(default_factory=set)
    followed: list[str] = field(default_factory=list)
    fetched: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        """Note what a tag names."""
        named = {name: value or "" for name, value in attributes}
        if "id" in named:
            self.anchors.add(named["id"])
        if tag == "a":
            self.anchors.add(named.get("name", ""))
            if "href" in named:
                self.followed.append(named["href"])
        elif tag in FETCHED and named.get(FETCHED[tag]):
            self.fetched.append(named[FETCHED[tag]])
        elif tag == "link" and LOADING & set(named.get("rel", "").split()):
            self.fetched.append(named["href"])
        if outside := OUTSIDE_IN_CSS.search(named.get("style", "")):
            self.fetched.append(outside[1])


def complaints(site: Path) -> tuple[list[str], int]:
    """What is wrong with the site, and how many pages it has."""
    pages = {path: read_page(path) for path in sorted(site.rglob("*.html"))}
    found = [] if pages else [f"{site} has no pages; build them by: make docs"]
    for path, links in pages.items():
        name = path.relative_to(site).as_posix()
        found += [f"{name} fetches {url} from outside" for url in links.fetched if is_outside(url)]
        found += [
            f"{name} links to {url}, which isn't there"
            for url in [*links.followed, *links.fetched]
            if not is_outside(url) and not leads_somewhere(url, path, site, pages)
        ]
    for path in sorted(site.rglob("*.css")):
        styles = path.read_text(encoding="utf-8")
        name = path.relative_to(site).as_posix()
        found += [f"{name} fetches {url} from outside" for url in OUTSIDE_IN_CSS.findall(styles)]
    return list(dict.fromkeys(found)), len(pages)


def read_page(path: Path) -> Links:
    """What a page names."""
    links = Links()
    links.feed(path.read_text(encoding="utf-8"))
    return links


def is_outside(url: str) -> bool:
    """Whether it names another place than this site; data: is within the page itself."""
    parts = urlsplit(url)
    return bool(parts.netloc) or parts.scheme in ("http", "https")


def leads_somewhere(url: str, page: Path, site: Path, pages: dict[Path, Links]) -> bool:
    """Whether a link within the site has a file at its end, and there the anchor that it names."""
    parts = urlsplit(url)
    if parts.scheme:  # data:, mailto:
        return True
    start = site if parts.path.startswith("/") else page.parent  # a page not found may be shown anywhere
    target = next(_files(start, unquote(parts.path).lstrip("/"), page), None)
    if target is None:
        return False
    return not parts.fragment or target not in pages or unquote(parts.fragment) in pages[target].anchors


def _files(start: Path, path: str, page: Path) -> Iterator[Path]:
    target = Path(page) if not path else Path(_normal(start / path))
    for each in (target, target / "index.html"):
        if each.is_file():
            yield each


def _normal(path: Path) -> str:
    parts: list[str] = []
    for part in path.as_posix().split("/"):
        if part == ".." and parts and parts[-1] not in ("", ".."):
            parts.pop()
        elif part != ".":
            parts.append(part)
    return "/".join(parts)
