"""What the pages tell a person to type is there: commands, options, presets, plans, Python, files, links."""

import ast
import importlib
import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

import seqloom
from seqloom.base.errors import ConfigError
from seqloom.cli.file_options import repeat_file_options
from seqloom.cli.main import app
from seqloom.comparison.plan import read_plan
from seqloom.config.options import options_named
from seqloom.config.presets import preset_names
from seqloom.config.read import build_config
from seqloom.config.schema import Config

ROOT = Path(__file__).resolve().parents[2]
GUIDES = sorted((ROOT / "docs" / "guides").glob("*.md"))
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "docs" / "index.md", *GUIDES]
group: Any = get_command(app)
VERBS = group.commands
OF_ALL = {"-h", "--help"}
MADE = ("demo", "textbook")  # programs that are run by make
SETTING = re.compile(rf"({'|'.join(Config.model_fields)})(\.[a-z_]+)*(=.*)?", re.DOTALL)
each_page = pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)


def fences(page: Path, language: str) -> list[str]:
    text = page.read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


def prose(page: Path) -> str:
    return re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)


def spans(text: str) -> list[list[str]]:
    """The words of what stands in code within lines; `key = value` is one word, as it is on a command line."""
    found = re.findall(r"`([^`]+)`", text)
    return [words_of(re.sub(r"\s*=\s+", "=", span)) for span in found]


def words_of(span: str) -> list[str]:
    try:
        return shlex.split(span)
    except ValueError:  # a lone quotation mark
        return span.split()


def typed(page: Path) -> Iterator[list[str]]:
    """The words of each command of seqloom in the page's fences."""
    return commands("".join(fences(page, "sh")))


def commands(text: str) -> Iterator[list[str]]:
    """The words of each command of seqloom, without those of the shell around it."""
    for line in text.replace("\\\n", " ").splitlines():
        words = shlex.shlex(line, posix=True, punctuation_chars=True)
        words.whitespace_split = True
        command: list[str] = []
        for word in [*words, "|"]:
            if word in {"|", "&&", ";", ">", "<"}:
                if command[:1] == ["seqloom"]:
                    yield command[1:]
                command = []
            else:
                command.append(word)


def options_of(*verbs: Any) -> set[str]:
    each = (parameter for verb in verbs for parameter in verb.params)
    return OF_ALL | {name for parameter in each for name in (*parameter.opts, *parameter.secondary_opts)}


def start_of(page: Path) -> dict[str, Any]:
    """The project that the page starts, as `seqloom new` would write it."""
    words = next((words for words in typed(page) if words[0] == "new" and "--train" in words), [])
    preset = words[words.index("--preset") + 1] if "--preset" in words else "translation-gru"
    files = words[words.index("--train") + 1 :] if words else ["train.en", "train.de"]
    last = next((n for n, word in enumerate(files) if word.startswith("--")), len(files))
    return {"preset": preset, "data": {"train": files[:last], "valid": files[:last]}}


def test_there_are_commands_to_look_at() -> None:
    assert {page.stem for page in GUIDES if not any(typed(page))} == {"fonts"}


@each_page
def test_every_command_can_be_typed(page: Path) -> None:
    for verb, *words in typed(page):
        assert verb in VERBS, verb
        VERBS[verb].make_context(verb, repeat_file_options([verb, *words])[1:])  # refuses what isn't there


@each_page
def test_what_a_command_works_on_was_made_or_told_of_before(page: Path) -> None:
    """A project by `new`, a run by `train`, or either by a word of the page about where it comes from."""
    there: set[str] = set()
    for fence, span in re.findall(
        r"^```(?:sh\n(.*?)|.*?)^```$|`([^`\n]+)`", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
    ):
        there.add(span.removesuffix("/config.toml"))
        for verb, *words in commands(fence):
            made, needed = made_and_needed(verb, words)
            assert needed - made <= there, (verb, *words)
            there |= made


def made_and_needed(verb: str, words: list[str]) -> tuple[set[str], set[str]]:
    """The projects and runs that a command makes, and those that it names."""
    named = {run for word in words for run in re.findall(r"\bruns/[\w-]+", word)}
    if verb == "new":
        return {words[0]}, named
    if verb in {"train", "check"}:
        project = words[0].removesuffix("/config.toml")
        run = words[words.index("--run") + 1] if "--run" in words else f"runs/{project}"
        return ({run} if verb == "train" else set()), {*named, project}
    return set(), named


@each_page
def test_every_option_named_within_a_line_is_one_of_a_verb(page: Path) -> None:
    for words in spans(prose(page)):
        verb = VERBS.get(words[1]) if words[:1] == ["seqloom"] and len(words) > 1 else None
        known = options_of(*VERBS.values() if verb is None else [verb])
        assert {word for word in words if re.fullmatch("--[a-z-]+", word)} <= known, words


@each_page
def test_every_setting_of_a_training_is_an_option_that_the_model_reads(page: Path) -> None:
    for verb, *words in typed(page):
        settings = [word for word in words if re.match(r"[a-z_.]+=", word)]
        if verb == "train":
            build_config(start_of(page), settings)


@each_page
def test_every_setting_within_a_line_is_an_option(page: Path) -> None:
    for piece in re.split(r"\n{2,}|\n(?=\|)", prose(page)):  # paragraphs, and rows of tables
        before: list[str] = []
        for words in spans(piece):
            settings = [word for word in words if SETTING.fullmatch(word)]
            keys = [setting.partition("=")[0] for setting in settings]
            assert [key for key in keys if key not in Config.model_fields and not options_named(key)] == []
            valued = [setting for setting in settings if "=" in setting]
            before += [f"preset={word}" for word in words if word in preset_names()] + valued
            try:
                build_config(start_of(page), valued)
            except ConfigError:
                build_config(start_of(page), before)  # what goes before it in the piece may be needed


@each_page
def test_every_piece_of_configuration_can_be_read(page: Path, tmp_path: Path) -> None:
    for code in fences(page, "toml"):
        tree = tomllib.loads(code)
        if "models" in tree:
            (tmp_path / "compare.toml").write_text(code, encoding="utf-8")
            assert len(read_plan(tmp_path / "compare.toml").models) == len(tree["models"])
        else:
            start = start_of(page)
            config = build_config({**start, **tree, "data": {**start["data"], **tree.get("data", {})}})
            assert config.preset == start["preset"]


@each_page
def test_every_piece_of_python_takes_names_that_there_are(page: Path) -> None:
    for code in fences(page, "python"):
        for node in ast.walk(ast.parse(code)):
            if isinstance(node, ast.ImportFrom):
                room = importlib.import_module(str(node.module))
                assert [each.name for each in node.names if not hasattr(room, each.name)] == []
            elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                assert node.value.id != "seqloom" or node.attr in seqloom.__all__


@each_page
def test_every_program_and_every_page_that_is_named_is_there(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    programs = re.findall(r"python ((?:examples|benchmarks)/[\w/]+\.py)", text)
    links = [link.partition("#")[0] for link in re.findall(r"\]\(([^)\s]+)\)", text)]
    assert [name for name in programs if not (ROOT / name).is_file()] == []
    within = [link for link in links if link and "://" not in link and not link.startswith("reference/")]
    assert [link for link in within if not (page.parent / link).exists()] == []


def test_what_a_contribution_touches_is_there() -> None:
    rows = prose(ROOT / "CONTRIBUTING.md").partition("## I want to add a")[2].partition("## How")[0]
    named = [span for span in re.findall(r"`([\w/.]+)`", rows) if span.endswith((".py", ".md", ".toml", "/"))]
    assert len(named) > 40
    places = (ROOT / "src" / "seqloom", ROOT)
    assert [name for name in named if not any((place / name).exists() for place in places)] == []


def test_every_guide_every_example_and_every_preset_is_named_in_the_readme() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [guide.name for guide in GUIDES if f"(docs/guides/{guide.name})" not in readme] == []
    assert [name for name in preset_names() if f"`{name}`" not in readme] == []
    told = readme + "".join(guide.read_text(encoding="utf-8") for guide in GUIDES)
    programs = [path for path in (ROOT / "examples").glob("*/*.py") if path.stem not in MADE]
    assert len(programs) > 5
    assert [path.name for path in programs if str(path.relative_to(ROOT)) not in told] == []


def test_every_verb_is_shown_in_a_guide() -> None:
    shown = {words[0] for guide in GUIDES for words in typed(guide)}
    assert VERBS.keys() - shown - {"presets"} == set()
    assert "seqloom presets" in (ROOT / "docs" / "guides" / "translation.md").read_text(encoding="utf-8")
