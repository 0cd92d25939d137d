"""What the benchmarks that train ask on the command line, and what a run of them is called."""

import argparse


def parser_of(
    about: str | None, *, preset: str | None = None, minutes: float | None = None, choosing: bool = True
) -> argparse.ArgumentParser:
    """A parser with the benchmark's first line, --seed and --name, to which the benchmark adds its own.

    preset, minutes   the defaults of --preset and --minutes; None where a benchmark has no such option
    choosing          whether it can stop before the test data
    """
    parser = argparse.ArgumentParser(description=(about or "").partition("\n")[0])
    if preset is not None:
        parser.add_argument("--preset", default=preset)
    if minutes is not None:
        parser.add_argument("--minutes", type=float, default=minutes, help="of training")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--name", help="of the run and its result; the seed is added")
    if choosing:
        parser.add_argument("--choosing", action="store_true", help="validation only: no test, no results")
    return parser


def parse(parser: argparse.ArgumentParser) -> argparse.Namespace:
    """What was asked, with settings of one's own as `overrides`. Exits where these have no name."""
    parser.add_argument("overrides", nargs="*", metavar="KEY=VALUE")
    asked = parser.parse_intermixed_args()
    if asked.overrides and not asked.name:
        parser.error("settings of its own need a --name, so that the result isn't taken for the preset's")
    return asked


def run_name(asked: argparse.Namespace, plain: str) -> str:
    """The name asked for, else `plain`; with the seed where it isn't the first."""
    return seeded(asked.name or plain, asked.seed)


def seeded(name: str, seed: int) -> str:
    """NAME, or NAME-seedN."""
    return name if seed == 1 else f"{name}-seed{seed}"
