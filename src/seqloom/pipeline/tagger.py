"""Tokens in, a label for each out: a trained tagger with its own preprocessing."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from seqloom.base.errors import UsageError
from seqloom.config.tasks import task_named
from seqloom.data.batch import Batch, collate
from seqloom.data.labelled import token_places
from seqloom.data.pairs import Pair
from seqloom.inspection.attention import AttentionMap
from seqloom.metrics.classes import calibration_error
from seqloom.metrics.label_report import LabelReport
from seqloom.metrics.measure import measure
from seqloom.pipeline.labelling import LabelModel, Member
from seqloom.text.grouping import WordGroup

AT_A_TIME = 32  # tokens explained together


@dataclass(frozen=True)
class Tagged:
    """What a tagger says of a sentence: a label for each token, and its probability."""

    text: str
    tokens: tuple[str, ...]
    labels: tuple[str, ...]
    probabilities: tuple[float, ...]
    model: "Tagger" = field(repr=False)
    notice: str = ""

    @cached_property
    def explanation(self) -> AttentionMap:
        """Which tokens carried each label."""
        return self.model.explain(self.tokens)

    def _repr_html_(self) -> str:
        """The map of what carried each label, for notebooks."""
        return self.explanation._repr_html_() if self.tokens else "<p></p>"


class Tagger(LabelModel):
    """A trained tagger: call it with text whose tokens white space separates, or with a list of tokens."""

    def __call__(self, text: str | Sequence[str]) -> Tagged:
        """The labels of one sentence."""
        return self.tag([text.split() if isinstance(text, str) else list(text)])[0]

    def tag(self, sentences: Sequence[Sequence[str]]) -> list[Tagged]:
        """One result a sentence of tokens, in order. One longer than the model reads is tagged in pieces.

        Raises   UsageError for text in place of tokens
        """
        if isinstance(sentences, str) or any(isinstance(tokens, str) for tokens in sentences):
            raise UsageError("tag takes lists of tokens; for one text call the model itself: model(text).")
        for number, tokens in enumerate(sentences, start=1):
            if not all(token.strip() for token in tokens):
                raise UsageError(f"sentence {number} has an empty token; leave it out.")
        pieces = [piece for tokens in sentences for piece in self._pieces(tuple(tokens))]
        found = iter(self._of_tokens(pieces, self.probabilities([ids for _, ids in pieces])))
        results = []
        for tokens in sentences:
            shares: list[Tensor] = []
            while sum(map(len, shares)) < len(tokens):
                shares.append(next(found))
            sure, numbers = (torch.cat(shares) if shares else torch.zeros(0, len(self.labels))).max(dim=-1)
            labels = tuple(self.labels[number] for number in numbers.tolist())
            results.append(Tagged(" ".join(tokens), tuple(tokens), labels, tuple(sure.tolist()), self))
        return results

    def _pieces(self, tokens: tuple[str, ...]) -> list[tuple[str, list[int]]]:
        """Sentences of tokens between blanks, each with its ids: the whole, or parts that the model can read."""
        if not tokens:
            return []
        text = sentence(tokens)
        ids = self.lexicon.tokenizer.encode(text)
        if len(ids) <= self.longest or len(tokens) == 1:
            return [(text, ids[: self.longest])]
        half = len(tokens) // 2
        return self._pieces(tokens[:half]) + self._pieces(tokens[half:])

    def _places(self, text: str, ids: list[int]) -> list[int]:
        numbers = self.lexicon.tokenizer.word_numbers(text, ids) if ids else []
        return token_places(numbers[: len(ids)], len(text.split(" ")))

    def _of_tokens(self, pieces: Sequence[tuple[str, list[int]]], found: Sequence[Tensor]) -> list[Tensor]:
        """From what was found for symbols to what holds for tokens: that of their first symbols."""
        return [each[self._places(*piece)] for piece, each in zip(pieces, found, strict=True)]

    def predictions(self, member: Member, pairs: Sequence[Pair]) -> tuple[Tensor, Tensor]:
        """Logits and targets of all tokens, of sentences that the model reads whole."""
        whole = [
            (piece, pair.target.split(" "))
            for pair in pairs
            if len(pieces := self._pieces(tuple(pair.source.split(" ")))) == 1
            for piece in pieces
        ]
        pieces = [piece for piece, _ in whole]
        logits = self._of_tokens(pieces, self.logits(member, [ids for _, ids in pieces]))
        numbers = [number for _, names in whole for number in self.lexicon.labels.numbers_of(names)]
        return torch.cat(logits), torch.tensor(numbers)

    def evaluate(self, pairs: Sequence[Pair]) -> tuple[LabelReport, list[str]]:
        """Tag the sources and compare with the targets, both with blanks between: the report, and the tags.

        Raises   DataError for a label that the training data doesn't have
        """
        names = self.lexicon.labels
        results = self.tag([pair.source.split(" ") for pair in pairs])
        outputs = [" ".join(result.labels) for result in results]
        said = names.numbers_of(name for result in results for name in result.labels)
        right = names.numbers_of(name for pair in pairs for name in pair.target.split(" "))
        sure = np.array([share for result in results for share in result.probabilities])
        marks = np.eye(len(names), dtype=np.bool_)
        report = LabelReport(
            names.names,
            marks[said],
            marks[right],
            tuple(measure(task_named(self.config.task).metrics, outputs, [pair.target for pair in pairs])),
            calibration_error(sure, np.equal(said, right)),
            several=False,
            unit="tokens",
        )
        return report, outputs

    def explain(self, tokens: Sequence[str], *, words: bool = True) -> AttentionMap:
        """Which tokens carried the label of each: gradient times input of its log-odds, as shares of a row.

        A row is a token with its label, a column what was read. Shares are of absolute values: a token that spoke
        against the label was as much a part of it.
        words    whether the symbols of a token are added up
        Raises   UsageError for no token, or more than the model reads at once
        """
        pieces = self._pieces(tuple(tokens))
        if len(pieces) != 1:
            found = "longer than the model reads at once" if pieces else "an empty text"
            raise UsageError(f"There is nothing to look at in {found}. Give one sentence.")
        ((text, ids),) = pieces
        (result,) = self.tag([tokens])
        places = self._places(text, ids)
        numbers = self.lexicon.labels.numbers_of(result.labels)
        products = torch.cat(
            [
                self._products(ids, places[first : first + AT_A_TIME], numbers[first : first + AT_A_TIME])
                for first in range(0, len(places), AT_A_TIME)
            ]
        )
        strength = products.abs().double()
        symbols = (*self.lexicon.tokenizer.pieces(ids), "</s>")
        found_map = AttentionMap(
            source=symbols,
            target=tuple(f"{token}/{label}" for token, label in zip(tokens, result.labels, strict=True)),
            weights=(strength / strength.sum(dim=1, keepdim=True).clamp(min=1e-12)).numpy(),
            probabilities=result.probabilities,
            source_text=" ".join(tokens),
            target_text=" ".join(result.labels),
            label="gradient times input, share of each symbol",
        )
        return found_map.merged(_groups(tokens, places, len(ids))) if words and ids else found_map

    def _products(self, ids: list[int], places: Sequence[int], numbers: Sequence[int]) -> Tensor:
        """Gradient times input of the log-odds of labels at places, a row each (T, S); the mean over the members."""
        batch: Batch = collate([ids] * len(places)).to(self.machine.device)
        rows = torch.arange(len(places), device=self.machine.device)

        def decision(logits: Tensor) -> Tensor:
            own = logits[rows, torch.tensor(places, device=logits.device)]  # (T, L)
            wanted = torch.tensor(numbers, device=logits.device)[:, None]
            others = own.scatter(1, wanted, -torch.inf)
            return own.gather(1, wanted)[:, 0] - others.logsumexp(dim=1)

        found = [member.network.contributions(batch, decision)[1].cpu() for member in self.members]
        return torch.stack(found).mean(dim=0)


def sentence(tokens: Sequence[str]) -> str:
    """Tokens with blanks between; white space within one is left out, so that they can be counted again."""
    return " ".join("".join(token.split()) for token in tokens)


def _groups(tokens: Sequence[str], places: Sequence[int], symbols: int) -> list[WordGroup]:
    """The symbols of each token, from its first to the next one's; a token without any shares another's."""
    starts = [0, *places[1:]]
    stops = [*places[1:], symbols]
    return [
        WordGroup(token, start, stop)
        for token, start, stop in zip(tokens, starts, stops, strict=True)
        if stop > start
    ]
