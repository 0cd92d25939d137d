"""BLEU and chrF by sacreBLEU (Post 2018): how much of the references an output shares, with the signature to quote."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from seqloom.base.errors import DataError, MissingDependencyError, UsageError

# sacreBLEU's tokenizers, and the extra of sacreBLEU that one needs. Those that download a model are left out: a score
# must not depend on a network.
TOKENIZERS = {"13a": "", "intl": "", "zh": "", "char": "", "none": "", "ja-mecab": "ja", "ko-mecab": "ko"}


@dataclass(frozen=True)
class Score:
    """What a metric says of a corpus.

    name       as in configurations and metrics.jsonl; "chrf++" when chrF counts words too
    value      of the whole corpus, 0 to 100
    signature  how it was computed, as sacreBLEU prints it, to quote beside the value; two values compare only under one
    """

    name: str
    value: float
    signature: str

    def __str__(self) -> str:
        return f"{self.name} {self.value:.2f}  ({self.signature})"


def check_counts(outputs: Sequence[str], references: Sequence[Any]) -> None:
    """Raise DataError unless there are as many outputs as references, and at least one."""
    for side, lines in (("outputs", outputs), ("references", references)):
        if isinstance(lines, str):
            raise DataError(f"The {side} are one text; expected a list with one text a sentence.")
    if len(outputs) != len(references):
        raise DataError(
            f"There are {len(outputs):,} outputs and {len(references):,} references; expected one reference for each "
            "output. A line was lost or added on one side."
        )
    if not outputs:
        raise DataError("There are 0 outputs and 0 references; a score needs at least one of each.")


def bleu(
    outputs: Sequence[str], references: Sequence[str], *, lowercase: bool = False, tokenize: str = "13a"
) -> Score:
    """BLEU of a corpus (Papineni et al. 2002): plain, detokenised text on both sides, one reference for each output.

    lowercase  compare without regard to case; the default compares cased
    tokenize   how sacreBLEU cuts words: "13a" (default), "intl", "zh", "char", "ja-mecab", "ko-mecab" or "none"
    Raises     DataError when the sides differ in length or are empty; UsageError for an unknown tokenizer;
               MissingDependencyError when a tokenizer's package isn't installed
    """
    check_counts(outputs, references)
    if tokenize not in TOKENIZERS:
        raise UsageError(f'There is no tokenizer "{tokenize}" for BLEU. Use one of: {", ".join(TOKENIZERS)}.')
    from sacrebleu.metrics.bleu import BLEU

    try:
        metric = BLEU(lowercase=lowercase, tokenize=tokenize)
    except (ImportError, RuntimeError) as error:
        extra = TOKENIZERS[tokenize]
        if not extra:
            raise
        raise MissingDependencyError(
            f'The tokenizer "{tokenize}" needs a package that isn\'t installed. Run: pip install "sacrebleu[{extra}]"'
        ) from error
    return _score("bleu", metric, outputs, [references])


def chrf(
    outputs: Sequence[str], references: Sequence[str], *, lowercase: bool = False, word_order: int = 0
) -> Score:
    """chrF2 of a corpus (Popović 2015): F2 of character n-grams up to six; word_order = 2 is chrF++ (Popović 2017).

    Raises  DataError when the sides differ in length or are empty; UsageError for a negative word_order
    """
    check_counts(outputs, references)
    if word_order < 0:
        raise UsageError(f"word_order = {word_order} is out of range; expected 0 (chrF) or 2 (chrF++).")
    from sacrebleu.metrics.chrf import CHRF

    metric = CHRF(word_order=word_order, lowercase=lowercase)
    return _score("chrf" + "+" * min(word_order, 2), metric, outputs, [references])


def bleu_of_several(outputs: Sequence[str], references: Sequence[Sequence[str]]) -> Score:
    """BLEU against one or several references of each output, as Papineni et al. 2002 count them. Raises DataError."""
    check_counts(outputs, references)
    from sacrebleu.metrics.bleu import BLEU

    return _score("bleu", BLEU(), outputs, in_step(references))


def chrf_of_several(outputs: Sequence[str], references: Sequence[Sequence[str]]) -> Score:
    """chrF2 against the best of one or several references of each output. Raises DataError."""
    check_counts(outputs, references)
    from sacrebleu.metrics.chrf import CHRF

    return _score("chrf", CHRF(), outputs, in_step(references))


def in_step(references: Sequence[Sequence[str]]) -> list[list[str | None]]:
    """First references of all outputs, then second ones; None where an output has no more, as sacreBLEU wants them.

    Raises  DataError for an output without any
    """
    for row, own in enumerate(references, start=1):
        if not own:
            raise DataError(f"Output {row:,} has no reference; expected one or several.")
    return [
        [own[place] if place < len(own) else None for own in references]
        for place in range(max(map(len, references)))
    ]


def sentence_score(name: str, output: str, reference: str) -> float:
    """The score of one sentence, 0 to 100, by "bleu" (smoothed, of the orders it has) or "chrf".

    Such scores rank the outputs for one source; only a corpus's score is to be quoted.
    """
    import sacrebleu

    score = sacrebleu.sentence_bleu if name == "bleu" else sacrebleu.sentence_chrf
    return min(100.0, float(score(output, [reference]).score))


def _score(
    name: str, metric: Any, outputs: Sequence[str], references: Sequence[Sequence[str | None]]
) -> Score:
    """Run one of sacreBLEU's metrics; rounding may lift a perfect score above 100, which is cut.

    references  the first of all outputs, then the second ones
    """
    result = metric.corpus_score(list(outputs), [list(stream) for stream in references])
    return Score(name, min(100.0, float(result.score)), str(metric.get_signature()))
