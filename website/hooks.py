"""What MkDocs calls while it builds the site (https://www.mkdocs.org/user-guide/configuration/#hooks)."""

import json
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

import seqloom
from seqloom_docs.chapters import LINES, ChapterError, chapter_paths, read_fences
from seqloom_docs.commands import commands_page
from seqloom_docs.equations import draw_equations
from seqloom_docs.names import public_page, room_page, rooms
from seqloom_docs.navigation import list_folders, name_outside
from seqloom_docs.options import options_page
from seqloom_docs.presets import presets_page
from seqloom_docs.quoting import PACKAGE, find_quote
from seqloom_docs.running import library_digest, run_or_recall
from seqloom_docs.showing import show_chapter, show_source, source_page

ROOT = Path(__file__).resolve().parent.parent
COURSE = "concepts"


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Fill the navigation: folders by their files, the reference by the package's rooms.

    Raises   PluginError where Python imports another seqloom than the one whose source is quoted
    """
    imported = Path(seqloom.__file__).resolve().parent
    if imported != ROOT / PACKAGE:
        raise PluginError(
            f"Python imports seqloom from {imported}; expected {ROOT / PACKAGE}. Install it from there."
        )
    entries = list_folders(config.nav or [], Path(config.docs_dir))
    for entry in entries:
        if isinstance(entry, dict) and "Reference" in entry:
            entry["Reference"] += [f"reference/python/{room}.md" for room in rooms(ROOT / PACKAGE)]
    config.nav = entries
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add what is made: the reference, the sources that chapters quote, the pictures that their code draws."""
    from seqloom.config.schema import json_schema

    package = ROOT / PACKAGE
    schema = json_schema()
    made: dict[str, str | bytes] = {
        "reference/options.md": options_page(schema),
        "reference/schema.json": json.dumps(schema, ensure_ascii=False, indent=2) + "\n",
        "reference/presets.md": presets_page(),
        "reference/commands.md": commands_page(),
        "reference/python/seqloom.md": public_page(package),
    }
    for room in rooms(package):
        made[f"reference/python/{room}.md"] = room_page(package, room)
    try:
        made |= _course(Path(config.docs_dir))
    except ChapterError as error:
        raise PluginError(str(error)) from error
    for path, content in made.items():
        if written := files.get_file_from_path(
            path
        ):  # a chapter, of which the site shows what was made of it
            files.remove(written)
        files.append(File.generated(config, path, content=content))
    return files


def _course(docs: Path) -> dict[str, str | bytes]:
    """The chapters as they are shown, in place of their files; their pictures; the sources that they quote."""
    made: dict[str, str | bytes] = {}
    digest = library_digest(ROOT / PACKAGE)
    for path in chapter_paths(docs / COURSE):
        text = path.read_text(encoding="utf-8")
        fences = read_fences(text, path.name)
        ran = run_or_recall(fences, path.name, digest, ROOT / ".cache" / "docs")
        made[f"{COURSE}/{path.name}"] = show_chapter(text, path.name, fences, ran, ROOT)
        for picture, content in ran.pictures.items():
            if f"{COURSE}/{picture}" in made:
                raise ChapterError(f"{path.name}: another chapter makes a picture named {picture} too.")
            made[f"{COURSE}/{picture}"] = content
        for fence in fences:
            if fence.kind == LINES:
                file = find_quote(ROOT, fence, path.name).file
                made[source_page(file)] = show_source(
                    file, (ROOT / PACKAGE / file).read_text(encoding="utf-8")
                )
    return made


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:  # noqa: ARG001 - MkDocs' face
    """Name files outside the docs rather than link to them."""
    return name_outside(markdown, page.file.src_uri, Path(config.docs_dir))


def on_page_content(html: str, page: Page, config: MkDocsConfig, files: Files) -> str:  # noqa: ARG001 - MkDocs' face
    """Draw the equations."""
    try:
        return draw_equations(html)
    except ChapterError as error:
        raise PluginError(f"{page.file.src_uri}: {error}") from error
