"""BLEU and chrF by sacreBLEU: how much of the references an output shares, with the signature to quote."""

from collections.abc import Sequence
from dataclasses import dataclass

from seqloom.base.errors import DataError


@dataclass(frozen=True)
class Score:
    """name "bleu" or "chrf" · value 0 to 100 · signature as sacreBLEU prints it, to quote beside the value."""

    name: str
    value: float
    signature: str

    def __str__(self) -> str:
        return f"{self.name} {self.value:.2f}  ({self.signature})"


def check_counts(outputs: Sequence[str], references: Sequence[str]) -> None:
    """Raises DataError when there is nothing to score, or not one reference an output."""
    if len(outputs) != len(references):
        raise DataError(
            f"There are {len(outputs):,} outputs and {len(references):,} references; expected one reference an output."
        )
    if not outputs:
        raise DataError("There is nothing to score: no output and no reference. Give at least one line.")


def bleu(
    outputs: Sequence[str], references: Sequence[str], *, lowercase: bool = False, tokenize: str = "13a"
) -> Score:
    """Corpus BLEU (Papineni et al. 2002) of detokenised text, as Post 2018 asks for it.

    lowercase  compare without case; the default compares cased
    tokenize   sacreBLEU's own tokeniser: "13a", "intl", "zh", "ja-mecab", "char", "none"
    Raises     DataError when the counts differ or are zero
    """
    from sacrebleu.metrics.bleu import BLEU

    check_counts(outputs, references)
    metric = BLEU(lowercase=lowercase, tokenize=tokenize)
    value = metric.corpus_score(list(outputs), [list(references)]).score
    return Score("bleu", float(value), str(metric.get_signature()))


def chrf(outputs: Sequence[str], references: Sequence[str], *, lowercase: bool = False) -> Score:
    """Corpus chrF2 (Popovic 2015): F-score of character n-grams up to six.

    Raises   DataError when the counts differ or are zero
    """
    from sacrebleu.metrics.chrf import CHRF

    check_counts(outputs, references)
    metric = CHRF(lowercase=lowercase)
    value = metric.corpus_score(list(outputs), [list(references)]).score
    return Score("chrf", float(value), str(metric.get_signature()))
