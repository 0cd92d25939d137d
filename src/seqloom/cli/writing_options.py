"""The arguments and options that `seqloom translate`, `summarize` and `transduce` share, and which go together."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import typer

from seqloom.base.errors import UsageError
from seqloom.cli.many import (
    Beside,
    Field,
    Output,
    Overwrite,
    check_beside,
    check_read,
    names_many,
)
from seqloom.cli.places import Others, Run
from seqloom.cli.records import check_into, reads_records, refuse_for_records

LANGUAGE = re.compile("[a-z]{2,3}")


@dataclass(frozen=True)
class Kind:
    """What differs between the verbs.

    verb      its name, which is also what it does
    task      that its runs are trained for
    doing     as a progress bar is headed
    field     that gets what is written, where JSON lines are read
    document  what --document makes of a text: its sentences, each asked alone, or one whole; "none" where it is not for
              such texts
    help      of the verb, of its files and of --document
    """

    verb: str
    task: str
    doing: str
    field: str
    document: Literal["sentences", "whole", "none"]
    help: str
    help_files: str
    help_document: str


@dataclass(frozen=True)
class Asked:
    """What a person typed, but for the run."""

    files: list[Path]
    output: Path | None
    beside: str | None
    overwrite: bool
    document: bool
    wrapped: bool
    language: str | None
    field: str | None
    into: str | None
    beam: int | None
    n_best: int | None
    prefix: str
    sample: bool
    temperature: float
    top_k: int
    top_p: float
    seed: int
    scores: bool
    json: bool


def verb_of(kind: Kind, write: Callable[[list[Path], Asked], None]) -> Callable[..., None]:
    """The verb as a function whose parameters are its arguments and options.

    write  does what was asked, with a run or with several together
    """

    def verb(
        run: Run,
        files: Annotated[
            list[Path],
            typer.Argument(metavar="FILE", help=kind.help_files, show_default=False),
        ] = [],  # noqa: B006 - typer copies it
        output: Output = None,
        beside: Beside = None,
        overwrite: Overwrite = False,
        document: Annotated[
            bool, typer.Option("--document", help=kind.help_document, hidden=kind.document == "none")
        ] = False,
        wrapped: Annotated[
            bool,
            typer.Option(
                "--wrapped",
                help="With --document: a paragraph's lines are one; blank lines part them.",
                hidden=kind.document == "none",
            ),
        ] = False,
        language: Annotated[
            str | None,
            typer.Option(
                metavar="CODE",
                help="With --document: the text's language, as en; else as data.train's name.",
                hidden=kind.document == "none",
            ),
        ] = None,
        field: Field = None,
        into: Annotated[
            str | None,
            typer.Option(
                metavar="NAME", help=f"With JSON lines: the field to write; {kind.field} if not said."
            ),
        ] = None,
        beam: Annotated[
            int | None, typer.Option(min=1, metavar="N", help="Hypotheses kept at each step; 1 is greedy.")
        ] = None,
        n_best: Annotated[
            int | None,
            typer.Option(min=1, metavar="N", help="Outputs for each line; needs --json if more than 1."),
        ] = None,
        prefix: Annotated[str, typer.Option(metavar="TEXT", help="What every output starts with.")] = "",
        sample: Annotated[
            bool,
            typer.Option("--sample", help="Draw an output for each line instead of searching for the best."),
        ] = False,
        temperature: Annotated[
            float,
            typer.Option(metavar="X", help="With --sample: below 1 bolder on the likely, above 1 on all."),
        ] = 1.0,
        top_k: Annotated[
            int,
            typer.Option(min=0, metavar="K", help="With --sample: from the K likeliest symbols; 0 is all."),
        ] = 0,
        top_p: Annotated[
            float,
            typer.Option(metavar="P", help="With --sample: from the likeliest that hold this probability."),
        ] = 1.0,
        seed: Annotated[
            int, typer.Option(metavar="N", help="With --sample: fixes what is drawn, for each file anew.")
        ] = 0,
        scores: Annotated[
            bool, typer.Option("--scores", help="The score and a tab before each output.")
        ] = False,
        json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
        ensemble: Others = [],  # noqa: B006
    ) -> None:
        write(
            [run, *ensemble],
            Asked(
                files=files,
                output=output,
                beside=beside,
                overwrite=overwrite,
                document=document,
                wrapped=wrapped,
                language=language,
                field=field,
                into=into,
                beam=beam,
                n_best=n_best,
                prefix=prefix,
                sample=sample,
                temperature=temperature,
                top_k=top_k,
                top_p=top_p,
                seed=seed,
                scores=scores,
                json=json,
            ),
        )

    verb.__doc__ = kind.help
    return verb


def check_options(kind: Kind, asked: Asked) -> None:
    """Refuse options that don't go together."""
    if asked.scores and asked.json:
        raise UsageError("--json has the scores already. Leave out --scores.")
    check_beams(asked.beam, asked.n_best, json=asked.json)
    _check_sampling(asked)
    check_beside(asked.files, asked.output, asked.beside)
    records = reads_records(asked.field, asked.files)
    check_read(
        asked.files,
        asked.output,
        asked.beside,
        overwrite=asked.overwrite,
        fields=(asked.field, asked.into),
        records=records or any(map(names_many, asked.files)),
    )
    _check_document(kind, asked)
    check_into(asked.into, records=records or any(map(Path.is_dir, asked.files)))
    if records:
        check_records(kind, asked)


def check_records(kind: Kind, asked: Asked) -> None:
    """Refuse what doesn't go with JSON lines."""
    refuse_for_records(scores=asked.scores, json=asked.json)
    if asked.wrapped:
        raise UsageError("--wrapped is for files of text, not for JSON lines. Leave it out.")
    if asked.document and kind.document == "whole":
        raise UsageError("A field of a JSON line is read as a whole anyway. Leave out --document.")


def _check_document(kind: Kind, asked: Asked) -> None:
    if asked.document and kind.document == "none":
        raise UsageError(f"--document is for texts, which `seqloom {kind.verb}` doesn't read. Leave it out.")
    by_sentence = asked.document and kind.document == "sentences"
    if by_sentence and (asked.scores or asked.json or asked.prefix):
        raise UsageError(
            "--document writes the text as it was, in other words. Leave out --scores, --json and --prefix."
        )
    if not by_sentence and (asked.wrapped or asked.language is not None):
        option = "--wrapped" if asked.wrapped else "--language"
        where = "`seqloom translate --document`" if kind.document != "sentences" else "--document"
        raise UsageError(f"{option} is for {where}, where sentences are looked for. Leave it out.")
    if asked.language is not None and not LANGUAGE.fullmatch(asked.language):
        raise UsageError(
            f'--language "{asked.language}" is no code of a language; expected two or three letters, as in en.'
        )


def check_beams(beam: int | None, n_best: int | None, *, json: bool, unit: str = "line") -> None:
    """Refuse more outputs for a unit of input than there is room for. Raises UsageError."""
    if n_best and n_best > 1 and not json:
        raise UsageError(
            f"--n-best {n_best} gives several outputs for a {unit}; add --json, which has room for them."
        )
    if n_best and beam and n_best > beam:
        raise UsageError(
            f"--n-best {n_best} asks for more outputs than --beam {beam} keeps. Give --beam {n_best}, or more."
        )


def _check_sampling(asked: Asked) -> None:
    if asked.sample and (asked.beam or (asked.n_best and asked.n_best > 1)):
        raise UsageError("--sample draws one output and keeps no beam. Leave out --beam and --n-best.")
    if not asked.sample and (asked.temperature, asked.top_k, asked.top_p, asked.seed) != (1.0, 0, 1.0, 0):
        raise UsageError(
            "--temperature, --top-k, --top-p and --seed are for --sample. Add it, or leave them out."
        )
