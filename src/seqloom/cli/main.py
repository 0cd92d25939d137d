"""The command line: `seqloom VERB`, one file a verb.

Start-up imports typer and nothing else that takes time, so that help is there at once; each verb imports what it
needs when it runs. Whatever a user can cause ends as one line on stderr and an exit code (seqloom.base.errors).
"""

import io
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup

from seqloom.cli import (
    align,
    average,
    chat,
    check,
    classify,
    compare,
    evaluate,
    generate,
    inspect,
    new,
    presets,
    score,
    summarize,
    train,
    transcribe,
    transduce,
    translate,
)
from seqloom.cli.failures import explain
from seqloom.cli.file_options import repeat_file_options
from seqloom.cli.help_page import Verb

CLOSED_PIPE = 141  # what a shell reports of a program that wrote to a closed pipe: 128 + SIGPIPE


class Verbs(TyperGroup):
    """The verbs, with every failure that has a sentence said in that sentence."""

    def make_context(self, *args: Any, **options: Any) -> Any:
        """Read what stands before the verb."""
        with failures_told():
            return super().make_context(*args, **options)

    def invoke(self, ctx: Any) -> Any:
        """Run the verb; end with its exit code."""
        with failures_told():
            try:
                return super().invoke(ctx)
            finally:
                sys.stdout.flush()


@contextmanager
def failures_told() -> Iterator[None]:
    """End with the exit code of a failure that has a sentence, once that is said."""
    try:
        yield
    except BrokenPipeError:  # whoever read the output has gone, as in `seqloom ... | head`
        drop_output()
        raise typer.Exit(CLOSED_PIPE) from None
    except (Exception, KeyboardInterrupt) as error:
        failure = explain(error)
        if failure is None:
            raise
        drop_output()
        print(f"seqloom: {failure.sentence}", file=sys.stderr)
        raise typer.Exit(failure.exit_code) from None


def drop_output() -> None:
    """Write what is still to be written to stdout; where that can't be done, let it go without a word."""
    try:
        sys.stdout.flush()
    except OSError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


app = typer.Typer(
    name="seqloom",
    cls=Verbs,
    rich_markup_mode=None,  # plain help: at once, and as it is in a manual or a log
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)


def _show_version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        print(f"seqloom {version('seqloom')}")
        raise typer.Exit


@app.callback(
    no_args_is_help=True,
    epilog="""
\b
Examples:
  seqloom new mine --example && seqloom train mine
      A project with the bundled phrasebook, and its training: minutes.
  echo "How are you?" | seqloom translate runs/mine
      One line out for each line in.

seqloom VERB --help shows two examples of each verb.

\b
Exit codes: 0 done, 2 usage or configuration, 3 data, 4 damaged model,
5 resources (disk, memory, a missing package, a run in use), 75 stopped by a
signal and ready to resume.
""",
)
def seqloom(
    version: Annotated[
        bool,
        typer.Option("--version", help="Say the version and end.", callback=_show_version, is_eager=True),
    ] = False,
) -> None:
    """Train sequence models of your own, use them, and see where they look."""


app.command(cls=Verb, epilog=new.EXAMPLES)(new.new)
app.command(cls=Verb, epilog=check.EXAMPLES)(check.check)
app.command(cls=Verb, epilog=train.EXAMPLES)(train.train)
app.command("translate", cls=Verb, epilog=translate.EXAMPLES)(translate.translate)
app.command("summarize", cls=Verb, epilog=summarize.EXAMPLES)(summarize.summarize)
app.command("transduce", cls=Verb, epilog=transduce.EXAMPLES)(transduce.transduce)
app.command(cls=Verb, epilog=chat.EXAMPLES)(chat.chat)
app.command(cls=Verb, epilog=generate.EXAMPLES)(generate.generate)
app.command(cls=Verb, epilog=classify.EXAMPLES)(classify.classify)
app.command(cls=Verb, epilog=transcribe.EXAMPLES)(transcribe.transcribe)
app.command(cls=Verb, epilog=evaluate.EXAMPLES)(evaluate.evaluate)
app.command(cls=Verb, epilog=score.EXAMPLES)(score.score)
app.command(cls=Verb, epilog=inspect.EXAMPLES)(inspect.inspect)
app.command(cls=Verb, epilog=align.EXAMPLES)(align.align)
app.command(cls=Verb, epilog=compare.EXAMPLES)(compare.compare)
app.command(cls=Verb, epilog=average.EXAMPLES)(average.average)
app.command(cls=Verb, epilog=presets.EXAMPLES)(presets.presets)


def prepare_streams() -> None:
    """Text goes in and out as UTF-8, whatever the locale says; a stream that the shell closed is an empty one."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115 - for good
        elif mode == "w" and isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and end the process with its exit code."""
    prepare_streams()
    app(args=repeat_file_options(sys.argv[1:] if arguments is None else arguments), prog_name="seqloom")
    raise SystemExit(0)
