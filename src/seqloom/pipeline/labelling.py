"""What a trained classifier and a trained tagger have in common: several networks that decide together, calibrated."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from seqloom.base.errors import UsageError
from seqloom.config.schema import Config
from seqloom.data.pairs import Pair
from seqloom.metrics.classes import calibration_error
from seqloom.models.classifier import LabelNetwork
from seqloom.training.calibration import (
    Calibration,
    fit_temperature,
    read_calibration,
    save_calibration,
    weights_of,
)
from seqloom.training.label_batches import LabelKind
from seqloom.training.label_validation import scores_of
from seqloom.training.labelled import Lexicon, best_label_network, kind_of
from seqloom.training.machine import Machine
from seqloom.training.run_folder import RunFolder
from seqloom.training.searching import longest_source

TOGETHER = 64  # texts judged at a time
SORTED = 1_024  # texts sorted by length together


class Member(NamedTuple):
    """A network, and what its logits are divided by so that its probabilities hold."""

    network: LabelNetwork
    temperature: float = 1.0


class LabelModel:
    """One network or several over one vocabulary, whose probabilities are averaged.

    config     of the first of them
    calibrated whether each has a temperature of its own
    """

    def __init__(
        self, members: Sequence[Member], lexicon: Lexicon, configs: Sequence[Config], machine: Machine
    ) -> None:
        self.members = [
            Member(member.network.to(machine.device).eval().requires_grad_(False), member.temperature)
            for member in members
        ]
        self.lexicon = lexicon
        self.config = configs[0]
        self.machine = machine
        self.longest = min(map(longest_source, configs))

    @property
    def labels(self) -> tuple[str, ...]:
        """The names of the labels, in the order of their numbers."""
        return self.lexicon.labels.names

    @property
    def kind(self) -> LabelKind:
        """What a prediction is."""
        return kind_of(self.config, self.lexicon.labels)

    def encoded(self, texts: Sequence[str]) -> tuple[list[list[int]], list[str]]:
        """The ids of texts, none of an empty one, and a notice where one is longer than the model reads."""
        found = self.lexicon.tokenizer.encode_many(list(texts))
        rows = [ids if text.strip() else [] for ids, text in zip(found, texts, strict=True)]
        notices = [
            f"it has {len(ids):,} symbols; only the first {self.longest:,} were read"
            if len(ids) > self.longest
            else ""
            for ids in rows
        ]
        return [ids[: self.longest] for ids in rows], notices

    def probabilities(self, texts: Sequence[Sequence[int]]) -> list[Tensor]:
        """Of each text's ids: (L,), or (S, L) for its symbols and the end; the mean over the members."""
        total: list[Tensor] = []
        for member in self.members:
            found = [self._shares(logits / member.temperature) for logits in self.logits(member, texts)]
            total = [a + b for a, b in zip(total, found, strict=True)] if total else found
        return [each / len(self.members) for each in total]

    def _shares(self, logits: Tensor) -> Tensor:
        return logits.sigmoid() if self.kind.several else logits.softmax(dim=-1)

    def logits(self, member: Member, texts: Sequence[Sequence[int]]) -> list[Tensor]:
        """As one member has them, texts of like length judged together."""
        found: list[Tensor] = [torch.empty(0)] * len(texts)
        for start in range(0, len(texts), SORTED):
            order = sorted(
                range(start, min(start + SORTED, len(texts))), key=lambda row: (len(texts[row]), row)
            )
            for first in range(0, len(order), TOGETHER):
                rows = order[first : first + TOGETHER]
                scores = scores_of(member.network, [texts[row] for row in rows], self.machine)
                for row, logits in zip(rows, scores, strict=True):
                    found[row] = logits
        return found

    def predictions(self, member: Member, pairs: Sequence[Pair]) -> tuple[Tensor, Tensor]:
        """What a member makes of labelled pairs: logits (M, L), and targets (M,), or (M, L) where several."""
        raise NotImplementedError

    def calibrate(self, folder: RunFolder, pairs: Sequence[Pair]) -> Calibration:
        """Fit the temperature of a run's best weights on its validation pairs, and keep it with the run."""
        logits, targets = self.predictions(self.members[0], pairs)
        temperature = fit_temperature(logits, targets)
        fitted = Calibration(
            temperature,
            self._error(logits, targets),
            self._error(logits / temperature, targets),
            targets.numel(),
            weights_of(folder.best().path),
        )
        save_calibration(folder.path, fitted)
        self.members[0] = replace_temperature(self.members[0], temperature)
        return fitted

    def _error(self, logits: Tensor, targets: Tensor) -> float:
        """The expected calibration error of what would be said."""
        shares = self._shares(logits.double())
        if self.kind.several:
            said = shares >= 0.5
            sure = torch.where(said, shares, 1 - shares)
            return calibration_error(sure.flatten().numpy(), (said == (targets > 0)).flatten().numpy())
        sure, numbers = shares.max(dim=-1)
        return calibration_error(sure.numpy(), (numbers == targets).numpy())


def replace_temperature(member: Member, temperature: float) -> Member:
    """The same network with another temperature."""
    return member._replace(temperature=temperature)


def load_members(folders: Sequence[RunFolder], configs: Sequence[Config]) -> tuple[list[Member], Lexicon]:
    """The best networks of runs, each with its calibration where it has one.

    Raises   DamagedModelError; UsageError for runs that don't go together
    """
    lexicon = Lexicon.load(folders[0].vocabulary)
    for folder, config in zip(folders[1:], configs[1:], strict=True):
        if Lexicon.load(folder.vocabulary).fingerprint() != lexicon.fingerprint():
            raise UsageError(
                f"{folder.path} has another vocabulary or other labels than {folders[0].path}; the members of an "
                "ensemble need the same. Train them on the same texts with the same settings under [text]."
            )
        if config.task != configs[0].task:
            raise UsageError(
                f"{folder.path} is for {config.task} and {folders[0].path} for {configs[0].task}; the members of an "
                "ensemble must be for one task."
            )
    members = []
    for folder, config in zip(folders, configs, strict=True):
        network, checkpoint = best_label_network(folder, config, lexicon)
        calibration = read_calibration(folder.path, weights_of(checkpoint))
        members.append(Member(network, calibration.temperature if calibration else 1.0))
    return members, lexicon
