"""Where things lie: the configuration that an argument means, the run folder that follows from it."""

import shlex
from pathlib import Path
from typing import Annotated

import typer

from seqloom.cli.completion import complete_run

CONFIG = "config.toml"  # in a project as in a run
RUNS = Path("runs")
PARTS = ("test", "valid")  # of a configuration's data that models are measured on, the first that there is

Run = Annotated[
    Path,
    typer.Argument(metavar="RUN", help="The folder that `seqloom train` wrote.", autocompletion=complete_run),
]

Others = Annotated[
    list[Path],
    typer.Option(
        "--ensemble",
        metavar="RUN",
        help="A further run over the same vocabulary, to decide together with it; several may follow.",
        show_default=False,
        autocompletion=complete_run,
    ),
]


def config_file(argument: Path) -> Path:
    """The configuration that is meant: a file, or the config.toml of a project's or run's folder."""
    return argument / CONFIG if argument.is_dir() else argument


def default_run(config: Path) -> Path:
    """The run folder of a configuration: runs/mine for mine/config.toml and for mine.toml.

    For the configuration that lies in a run, it is that run: so it is resumed, from wherever.
    """
    folder = config.absolute().parent
    if config.name == CONFIG and (folder / "resolved.json").is_file():
        return config.parent
    run = RUNS / ((folder.name if config.name == CONFIG else config.stem) or "run")
    return run / "run" if run.absolute() == folder else run  # a project that lies in runs/ itself


def nearby(path: Path) -> Path:
    """A path as seen from the current folder, if it lies below that."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def shown(path: Path) -> str:
    """A path as a person would type it in a shell."""
    return shlex.quote(str(path))
