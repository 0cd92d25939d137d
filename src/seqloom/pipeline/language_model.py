"""Text that goes on, and how likely text is: a trained language model with its own preprocessing."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import numpy as np
import torch

from seqloom.base.errors import UsageError
from seqloom.config.schema import Config
from seqloom.data.text_stream import encode_lines
from seqloom.models.language_model import LanguageModel, TextState
from seqloom.search.options import SamplingOptions
from seqloom.search.stream import stream
from seqloom.text.incremental import IncrementalDecoder, StopStrings
from seqloom.text.tokenizer import Tokenizer, load_tokenizer
from seqloom.text.vocabulary import EOS, UNK
from seqloom.training.language_model import best_language_model
from seqloom.training.machine import Machine
from seqloom.training.run_folder import RunFolder
from seqloom.training.text_likelihood import Reading, separate_nats
from seqloom.training.vocabularies import SHARED

SYMBOLS = 500  # of a text, unless asked otherwise


@dataclass(frozen=True)
class Likelihood:
    """How likely a model finds a text.

    nats        the negative log-likelihood of all its symbols
    tokens      symbols, each line's end counted
    characters  of the normalised text, each line's end counted as one
    unknown     symbols outside the vocabulary, whose likelihood is that of <unk>
    """

    nats: float = 0.0
    tokens: int = 0
    characters: int = 0
    unknown: int = 0

    @property
    def nats_per_token(self) -> float:
        """NaN where there is no token."""
        return self.nats / self.tokens if self.tokens else math.nan

    @property
    def bits_per_character(self) -> float:
        """Comparable between models with different tokenizers; NaN where there is no character."""
        return self.nats / math.log(2) / self.characters if self.characters else math.nan

    @property
    def perplexity(self) -> float:
        """Of a token."""
        return math.exp(min(self.nats_per_token, 700.0))

    def __add__(self, other: "Likelihood") -> "Likelihood":
        return Likelihood(
            self.nats + other.nats,
            self.tokens + other.tokens,
            self.characters + other.characters,
            self.unknown + other.unknown,
        )


class TextGenerator:
    """A trained language model: call it with a beginning.

    >>> model = seqloom.load("runs/plays")
    >>> model("ROMEO:", symbols=200)
    '\\nWhat light is this?\\n...'
    """

    def __init__(
        self, network: LanguageModel, tokenizer: Tokenizer, config: Config, machine: Machine
    ) -> None:
        self.network = network.to(machine.device).eval()
        self.tokenizer = tokenizer
        self.config = config
        self.machine = machine

    def __call__(self, prompt: str = "", *, symbols: int = SYMBOLS, stop: Sequence[str] = ()) -> str:
        """What follows the prompt, drawn from the model as it is; `generate` has more to ask for."""
        return "".join(self.generate(prompt, symbols=symbols, stop=stop))

    def generate(
        self,
        prompt: str = "",
        options: SamplingOptions | None = None,
        *,
        symbols: int = SYMBOLS,
        stop: Sequence[str] = (),
        number: int = 0,
    ) -> Iterator[str]:
        """What follows the prompt, piece by piece as it is drawn: whole characters, and none of a stop string.

        prompt   what is there already, any number of lines; empty for the beginning of a line
        options  temperature, top k, top p, repetition, seed; of lengths none is read
        symbols  drawn at most
        stop     strings before which the text ends
        number   of this text among several from one prompt: with the seed it fixes what is drawn
        Raises   UsageError for symbols below 1, or an empty stop string
        """
        if symbols < 1:
            raise UsageError(f"symbols = {symbols} is out of range; expected 1 or more.")
        return self._generate(prompt, options or SamplingOptions(), symbols, StopStrings(stop), number)

    def _generate(
        self, prompt: str, options: SamplingOptions, symbols: int, stops: StopStrings, number: int
    ) -> Iterator[str]:
        read = self.symbols(prompt)
        drawn = self._drawn(read, options, number)
        decoder = IncrementalDecoder(self.tokenizer, self._lines(prompt)[-1])
        for symbol in islice(drawn, symbols):
            shown = stops.further(decoder.further(symbol))
            if shown:
                yield shown
            if stops.met:
                return
        rest = stops.further(decoder.rest())
        yield rest if stops.met else rest + stops.rest()

    def _drawn(self, read: list[int], options: SamplingOptions, number: int = 0) -> Iterator[int]:
        """Symbol after symbol of what follows those that are read, without end."""
        return stream(
            self.network,
            self._after([EOS, *read][:-1]),
            [EOS, *read][-1],
            self.machine.device,
            self._knowing(options),
            number=number,
            history=read,
        )

    def likeliest(self, read: list[int], most: int) -> list[int]:
        """The likeliest symbol each time after those that are read, to the end of the line, but so many at most."""
        further: list[int] = []
        for symbol in islice(self._drawn(read, SamplingOptions(top_k=1)), most):
            further.append(symbol)
            if symbol == EOS:
                break
        return further

    def symbols(self, text: str) -> list[int]:
        """A text of any number of lines, the end symbol of a line between two."""
        lines = self._lines(text)
        return [symbol for line in lines[:-1] for symbol in (*line, EOS)] + lines[-1]

    def text(self, symbols: Sequence[int]) -> str:
        """The other way round."""
        lines: list[list[int]] = [[]]
        for symbol in symbols:
            if symbol == EOS:
                lines.append([])
            else:
                lines[-1].append(symbol)
        return "\n".join(map(self.tokenizer.decode, lines))

    @torch.no_grad()
    def _after(self, symbols: list[int]) -> TextState:
        """The state after some symbols of one text."""
        state = self.network.start(1)
        if symbols:
            ids = torch.tensor([symbols], device=self.machine.device)
            for piece in ids.split(1024, dim=1):
                state = self.network.read(piece, state).state
        return state

    def unknown(self, text: str) -> int:
        """How many symbols of a text the model doesn't know."""
        return sum(line.count(UNK) for line in self._lines(text))

    def _lines(self, text: str) -> list[list[int]]:
        return self.tokenizer.encode_many(text.replace("\r\n", "\n").split("\n"))

    def score(self, texts: Sequence[str], *, separate: bool = False) -> list[Likelihood]:
        """How likely each line is, in order; their sum is that of the whole.

        separate  whether each is scored on its own, as if nothing were before it, instead of after those before
        Raises    UsageError for one string in place of several
        """
        if isinstance(texts, str):
            raise UsageError("score takes a list of lines; for a single one write score([text]).")
        return list(self.score_lines(texts, separate=separate))

    def score_lines(self, lines: Iterable[str], *, separate: bool = False) -> Iterator[Likelihood]:
        """The same for lines as they come, read in pieces of bounded size."""
        return self.score_pieces([lines], separate=separate)

    def score_pieces(
        self, pieces: Iterable[Iterable[str]], *, separate: bool = False
    ) -> Iterator[Likelihood]:
        """The same for lines that come in pieces: those of one are told before the next is asked for."""
        reading = Reading(self.network, self.machine.device)
        for encoded in (each for piece in pieces for each in encode_lines(self.tokenizer, piece)):
            rows = [np.array(row, np.int64) for row in encoded.rows]
            if separate:
                nats = separate_nats(self.network, rows, self.machine.device)
            else:
                together = reading.further(np.concatenate(rows))
                nats = np.split(together, np.cumsum([len(row) for row in rows])[:-1])
            for row, own, characters in zip(encoded.rows, nats, encoded.characters, strict=True):
                yield Likelihood(float(own.sum()), len(row), characters, row.count(UNK))

    @property
    def context(self) -> str:
        """What a symbol of a text is predicted from, in words."""
        window = self.network.window
        if window is None:
            return "each symbol after all those before it, the state carried on"
        return f"windows of {window} symbols that slide by {window - window // 2}"

    @staticmethod
    def _knowing(options: SamplingOptions) -> SamplingOptions:
        """The same, without symbols that have no text."""
        return replace(options, banned=(*options.banned, UNK))


def load_language_model(
    folders: Sequence[RunFolder], configs: Sequence[Config], machine: Machine
) -> TextGenerator:
    """The best model of a run. Raises DamagedModelError; UsageError for several runs."""
    if len(folders) > 1:
        names = " and ".join(str(folder.path) for folder in folders)
        raise UsageError(f"{names} are language models, of which no ensemble is made. Name one run.")
    tokenizer = load_tokenizer(Path(folders[0].vocabulary) / SHARED)
    network = best_language_model(folders[0], configs[0], tokenizer)
    return TextGenerator(network, tokenizer, configs[0], machine)
