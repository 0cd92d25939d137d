"""BLEU and chrF, computed by sacreBLEU (Post 2018), so that values compare with published ones."""

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

    name       as the field writes it: BLEU, chrF2, chrF2++
    value      of the whole corpus; BLEU and chrF from 0 to 100
    signature  the metric's settings and version; two values compare only under one signature
    """

    name: str
    value: float
    signature: str

    def __str__(self) -> str:
        return f"{self.name} = {self.value:.2f} ({self.signature})"


def check_sides(outputs: Sequence[str], references: Sequence[str]) -> None:
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

    lowercase  compare without regard to case; part of the signature
    tokenize   how sacreBLEU cuts words: "13a" (default), "intl", "zh", "char", "ja-mecab", "ko-mecab" or "none"
    Raises     DataError when the sides differ in length or are empty; UsageError for an unknown tokenizer;
               MissingDependencyError when a tokenizer's package isn't installed
    """
    check_sides(outputs, references)
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
    return _score(metric, outputs, references)


def chrf(
    outputs: Sequence[str], references: Sequence[str], *, lowercase: bool = False, word_order: int = 0
) -> Score:
    """chrF of a corpus (Popović 2015): F2 of character 6-grams; with word_order = 2 it is chrF++ (Popović 2017).

    Raises  DataError when the sides differ in length or are empty; UsageError for a negative word_order
    """
    check_sides(outputs, references)
    if word_order < 0:
        raise UsageError(f"word_order = {word_order} is out of range; expected 0 (chrF) or 2 (chrF++).")
    from sacrebleu.metrics.chrf import CHRF

    return _score(CHRF(word_order=word_order, lowercase=lowercase), outputs, references)


def _score(metric: Any, outputs: Sequence[str], references: Sequence[str]) -> Score:
    """Run one of sacreBLEU's metrics; rounding may lift a perfect score above 100, which is cut."""
    result = metric.corpus_score(list(outputs), [list(references)])
    return Score(
        name=result.name, value=min(100.0, float(result.score)), signature=str(metric.get_signature())
    )
