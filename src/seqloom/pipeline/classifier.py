"""Text in, label out: a trained classifier with its own preprocessing."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor

from seqloom.base.errors import UsageError
from seqloom.config.tasks import task_named
from seqloom.data.batch import collate
from seqloom.data.pairs import Pair
from seqloom.inspection.explanation import Explanation
from seqloom.inspection.explanation_page import explanation_fragment
from seqloom.metrics.classes import calibration_error
from seqloom.metrics.label_report import LabelReport
from seqloom.pipeline.labelling import LabelModel, Member
from seqloom.training.label_validation import THRESHOLD, label_scores


@dataclass(frozen=True)
class Labelled:
    """What a classifier says of a text.

    label          as it would stand in a file: several joined by their separator; empty for an empty text
    labels         each by itself, the likeliest first
    probability    of the label; where a text may have several, of the least likely of them, or that it has none
    probabilities  of all labels, the likeliest first; they sum to 1 unless a text may have several
    notice         a sentence when the text could not be used as it was, else empty
    """

    text: str
    label: str
    labels: tuple[str, ...]
    probability: float
    probabilities: dict[str, float]
    notice: str
    model: "Classifier" = field(repr=False)

    @cached_property
    def explanation(self) -> Explanation:
        """Which words carried the decision."""
        return self.model.explain(self.text)

    def _repr_html_(self) -> str:
        """The text with its words coloured, for notebooks."""
        return explanation_fragment(self.explanation) if self.labels else "<p></p>"


class Classifier(LabelModel):
    """A trained classifier: call it with text.

    >>> classifier = seqloom.load("runs/reviews")
    >>> classifier("a warm and funny film").label
    'positive'
    """

    def __call__(self, text: str | Sequence[str], *, threshold: float = THRESHOLD) -> Any:
        """What it says of one text, or of several in their order; threshold as in `classify`."""
        if isinstance(text, str):
            return self.classify([text], threshold=threshold)[0]
        return self.classify(list(text), threshold=threshold)

    def classify(self, texts: Sequence[str], *, threshold: float = THRESHOLD) -> list[Labelled]:
        """One result a text, in order; an empty text has no label.

        threshold  the probability from which a text has a label, where it may have several
        Raises     UsageError for one string in place of several, and a threshold that is no probability
        """
        if isinstance(texts, str):
            raise UsageError(
                "classify takes a list of texts; for a single one call the model itself: model(text)."
            )
        if not 0 < threshold < 1:
            raise UsageError(f"threshold = {threshold} is no probability between 0 and 1.")
        encoded, notices = self.encoded(texts)
        rows = [row for row, ids in enumerate(encoded) if ids]
        found = dict(zip(rows, self.probabilities([encoded[row] for row in rows]), strict=True))
        return [self._result(text, found.get(row), notices[row], threshold) for row, text in enumerate(texts)]

    def _result(self, text: str, shares: Tensor | None, notice: str, threshold: float) -> Labelled:
        if shares is None:
            return Labelled(text, "", (), 0.0, {}, notice, self)
        order = shares.argsort(descending=True, stable=True).tolist()
        sure = shares.tolist()
        if self.kind.several:
            numbers = [number for number in order if sure[number] >= threshold]
            probability = sure[numbers[-1]] if numbers else 1 - sure[order[0]]
        else:
            numbers, probability = order[:1], sure[order[0]]
        return Labelled(
            text,
            self.lexicon.labels.join(numbers),
            tuple(self.labels[number] for number in numbers),
            probability,
            {self.labels[number]: sure[number] for number in order},
            notice,
            self,
        )

    def predictions(self, member: Member, pairs: Sequence[Pair]) -> tuple[Tensor, Tensor]:
        """Logits and targets of the pairs that have a text and, unless there may be none, a label."""
        kept = [pair for pair in pairs if pair.source.strip() and (self.kind.several or pair.target.strip())]
        encoded, _ = self.encoded([pair.source for pair in kept])
        return torch.stack(self.logits(member, encoded)), self._targets(kept)

    def _targets(self, pairs: Sequence[Pair]) -> Tensor:
        labels = self.lexicon.labels
        numbers = [labels.numbers_of(labels.split(pair.target)) for pair in pairs]
        if not self.kind.several:
            return torch.tensor([own[0] for own in numbers])
        targets = torch.zeros(len(pairs), len(labels))
        for row, own in zip(targets, numbers, strict=True):
            row[own] = 1.0
        return targets

    def evaluate(self, pairs: Sequence[Pair]) -> tuple[LabelReport, list[str]]:
        """Classify the sources and compare with the targets: the report, and what was said of each.

        Raises   DataError for a label that the training data doesn't have
        """
        labels = self.lexicon.labels
        results = self.classify([pair.source for pair in pairs])
        outputs = [result.label for result in results]
        split = [labels.split(pair.target) if pair.target.strip() else () for pair in pairs]
        references = [labels.join(labels.numbers_of(own)) for own in split]
        given, wanted = (np.zeros((len(pairs), len(labels)), np.bool_) for _ in range(2))
        for row, (result, own) in enumerate(zip(results, split, strict=True)):
            given[row, labels.numbers_of(result.labels)] = True
            wanted[row, labels.numbers_of(own)] = True
        shares = np.array(
            [[result.probabilities.get(name, 0.0) for name in labels.names] for result in results]
        )
        if labels.several:
            sure, right = np.where(given, shares, 1 - shares).ravel(), (given == wanted).ravel()
        else:
            sure, right = shares.max(axis=1), (given & wanted).any(axis=1)
        report = LabelReport(
            labels.names,
            given,
            wanted,
            tuple(label_scores(task_named(self.config.task).metrics, outputs, references, labels.separator)),
            calibration_error(sure, right),
            labels.several,
            "texts",
        )
        return report, outputs

    def explain(self, text: str, label: str | None = None, *, words: bool = True) -> Explanation:
        """Which words spoke for a label, its own where none is named, and what the pooling weighed.

        words    whether the symbols of a word are added up
        Raises   UsageError for an empty text and an unknown label
        """
        (ids,), _ = self.encoded([text])
        if not ids:
            raise UsageError("There is nothing to look at in an empty text.")
        result = self.classify([text])[0]
        name = label or (result.labels or tuple(result.probabilities))[0]
        if name not in self.labels:
            raise UsageError(
                f"{name!r} is no label of this model. Its labels: {self.lexicon.labels.described()}."
            )
        number = self.labels.index(name)
        batch = collate([ids]).to(self.machine.device)
        found = [
            member.network.contributions(batch, lambda logits: self.log_odds(logits, number))
            for member in self.members
        ]
        judged = [one.weights for one, _ in found if one.weights is not None]
        tokenizer = self.lexicon.tokenizer
        whole = Explanation(
            (*tokenizer.pieces(ids), "</s>"),
            _mean([products[0] for _, products in found]),
            _mean([weights[0] for weights in judged]) if judged else None,
            self.config.model.pooling,
            name,
            result.probabilities,
            text,
        )
        return whole.merged(tokenizer.word_groups(ids)) if words else whole

    def log_odds(self, logits: Tensor, number: int) -> Tensor:
        """logits (B, L) -> how much likelier the label is than all others together, in nats (B,)."""
        if self.kind.several:
            return logits[:, number]
        others = torch.cat([logits[:, :number], logits[:, number + 1 :]], dim=1)
        return logits[:, number] - others.logsumexp(dim=1)


def _mean(tensors: Sequence[Tensor]) -> "np.ndarray[Any, np.dtype[np.float64]]":
    return torch.stack([tensor.double().cpu() for tensor in tensors]).mean(dim=0).numpy()
