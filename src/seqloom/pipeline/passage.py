"""One input and one output as a network takes them: what every inspection looks at, whatever the model is for."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import nn

from seqloom.base.errors import UsageError
from seqloom.config.model import ModelConfig
from seqloom.config.schema import Config
from seqloom.data.batch import Batch, collate, collate_frames
from seqloom.data.dialogues import Turn, join_turns
from seqloom.inspection.moments import Timeline
from seqloom.models.build import build_speech_model
from seqloom.models.classifier import LabelNetwork
from seqloom.models.ensemble import Ensemble
from seqloom.models.language_model import LanguageModel
from seqloom.models.speech import CTCModel
from seqloom.pipeline.classifier import Classifier
from seqloom.pipeline.language_model import TextGenerator
from seqloom.pipeline.tagger import Tagger, sentence
from seqloom.pipeline.text_model import Model
from seqloom.pipeline.transcriber import Transcriber
from seqloom.text.grouping import WordGroup
from seqloom.text.segmented import CELL_END, spelt_out
from seqloom.text.tokenizer import Tokenizer
from seqloom.text.vocabulary import BOS, EOS, SPECIALS
from seqloom.training.labelled import label_network
from seqloom.training.language_model import network_of
from seqloom.training.searching import search_options
from seqloom.training.seq2seq import network_over
from seqloom.training.transcribing import ctc_share, transcribe_frames
from seqloom.training.vocabularies import layout_of

Inspected = Model | Classifier | Tagger | TextGenerator | Transcriber
Target = str | Sequence[int] | None
CONTINUED = 40  # symbols at most that a language model goes on with, where it isn't told what it writes


class Run(NamedTuple):
    """Lets a network go over symbols [start, stop) of those that are fed to it, of which those from `new` on are new.

    All of them at once, but for a language model that sees a window at a time.
    """

    call: Callable[[], Any]
    start: int
    new: int
    stop: int


@dataclass(frozen=True)
class Passage:
    """What a model reads, and what it writes while it is looked at.

    model        whose passage it is · networks: its own, several where they decide together
    batch        what they read, and are to write; of a language model that reads nothing, the text
    read         S printable symbols that are read, the end included; () where there are none
    read_groups  the words that these spell; None where a recording is read
    inputs       the T symbols that a decoder reads while it writes, by their ids; [] where nothing is written
    outputs      the T symbols that it writes
    given        how many of these are not its own: the prompt of a language model
    writer       who spells what is written
    timeline     of the recording, where one is read
    source_text, target_text   as a reader is shown them
    """

    model: Inspected
    networks: tuple[nn.Module, ...]
    batch: Batch
    writer: Tokenizer
    read: tuple[str, ...] = ()
    read_groups: Sequence[WordGroup] | None = None
    inputs: list[int] = field(default_factory=list)
    outputs: list[int] = field(default_factory=list)
    given: int = 0
    timeline: Timeline | None = None
    source_text: str = ""
    target_text: str = ""

    @property
    def network(self) -> Any:
        """The network of a model that is no ensemble. Raises UsageError."""
        return single(self.networks)

    @property
    def config(self) -> ModelConfig:
        """The shape of the network."""
        return self.model.config.model

    def spell(self, symbols: Sequence[int]) -> list[str]:
        """A printable symbol for each id; the begin and the end have names."""
        pieces = zip(symbols, self.writer.pieces(symbols), strict=True)
        return [SPECIALS[index] if index in (BOS, EOS) else piece for index, piece in pieces]

    @property
    def fed(self) -> tuple[str, ...]:
        """The printable symbols of inputs."""
        return tuple(self.spell(self.inputs))

    @property
    def written(self) -> tuple[str, ...]:
        """The printable symbols of outputs."""
        return tuple(self.spell(self.outputs))

    @property
    def fed_groups(self) -> list[WordGroup]:
        """The words that inputs spell."""
        return self._words_apart(self.inputs, self.given + 1)

    @property
    def written_groups(self) -> list[WordGroup]:
        """The words that outputs spell."""
        return self._words_apart(self.outputs, self.given)

    def _words_apart(self, symbols: Sequence[int], given: int) -> list[WordGroup]:
        """Words, none of which is partly given and partly what goes on."""
        groups = self.writer.word_groups
        further = groups(symbols[given:])
        return [
            *groups(symbols[:given]),
            *(WordGroup(group.text, group.start + given, group.stop + given) for group in further),
        ]

    @property
    def searched(self) -> Any:
        """What a search follows: of a transcriber CTC and a language model too, where they count."""
        if isinstance(self.model, Transcriber):
            share = 1.0 if isinstance(self.model.network, CTCModel) else ctc_share(self.model.config)
            return self.model.network.scoring(share, self.model.fusion)
        return self.model.network if isinstance(self.model, Model | TextGenerator) else None

    def start(self, network: Any, scoring: Any = None) -> Any:
        """The state of a network before the first symbol that is written.

        scoring   what goes on from there, if not the network itself
        """
        device = next(network.parameters()).device
        if isinstance(network, LanguageModel):
            return network.start(1)
        batch = replace(self.batch, target_input=None, target_output=None, target_lengths=None).to(device)
        if batch.source.is_floating_point():
            batch = replace(batch, source=batch.source.to(next(network.parameters()).dtype))
        return (scoring or network).start(network.encode(batch))

    def runs(self) -> Iterator[Run]:
        """The calls that take the network over the whole, teacher-forced."""
        network, batch = self.network, self.batch.to(self.model.machine.device)
        if not isinstance(network, LanguageModel):
            call = network.encode if isinstance(network, CTCModel) else network
            yield Run(partial(call, batch), 0, 0, len(self.inputs))
            return
        start = new = stop = 0
        while stop < len(self.inputs):
            new, stop = stop, min(len(self.inputs), start + (network.window or len(self.inputs)))
            yield Run(partial(network, batch.source[:, start:stop]), start, new, stop)
            start = stop - network.kept

    def fresh(self) -> nn.Module:
        """A network as it was before training, drawn from torch's default generator."""
        model = self.model
        if isinstance(model, Model):
            return network_over(model.config, model.tokenizers)
        if isinstance(model, TextGenerator):
            return network_of(model.config, model.tokenizer)
        if isinstance(model, Transcriber):
            features = model.preprocessing.features
            return build_speech_model(model.config.model, features, len(model.tokenizer))
        return label_network(model.config, model.lexicon)


def single(networks: Sequence[nn.Module]) -> Any:
    """The only one of a model's networks. Raises UsageError."""
    if len(networks) > 1:
        raise UsageError("An ensemble has several networks; look into each run by itself.")
    return networks[0]


def networks_of(model: Model) -> tuple[nn.Module, ...]:
    """Those that write together, or the only one."""
    return tuple(model.network.members) if isinstance(model.network, Ensemble) else (model.network,)


def passage_of(model: Inspected, source: str, target: Target = None) -> Passage:
    """What a model reads of a source, and a target, text or ids, that it is made to write; its own if None.

    source   text; of a bot all turns with tabs between, or what the user says; of a transcriber a recording's path; of
             a language model the beginning that the target goes on from
    Raises   UsageError for a source or a target that can't be looked at; DataError
    """
    for kind, made in PASSAGES.items():
        if isinstance(model, kind):
            return made(model, source, target)
    raise TypeError(f"there is nothing to look at in a {type(model).__name__}")


def notice_of(model: Inspected, source: str) -> str:
    """What is to be said of a source that isn't looked at as it is; else empty."""
    if isinstance(model, Model):
        return model.notice(as_turns(model.config, source))
    if isinstance(model, Transcriber):
        return model.hear(Path(source)).notice
    if isinstance(model, TextGenerator):
        unknown = model.unknown(source)
        count = "a symbol" if unknown == 1 else f"{unknown} symbols"
        return f"it has {count} that the model has never seen" if unknown else ""
    return model.encoded([source])[1][0]


def as_turns(config: Config, source: str) -> str:
    """A source as a model reads it: to a bot, a text that doesn't say who speaks is what the user says."""
    if layout_of(config) != "turns" or CELL_END in source:
        return source
    return join_turns([Turn(config.data.user_speaker, source)])


def of_pair(model: Model, source: str, target: Target) -> Passage:
    """Of what reads one text and writes another."""
    source = as_turns(model.config, source)
    found = model.sentence(source, target)
    return Passage(
        model,
        networks_of(model),
        collate([found.ids], [found.symbols]),
        found.writer,
        found.read,
        found.reader.word_groups(found.ids),
        [BOS, *found.symbols],
        [*found.symbols, EOS],
        source_text=spelt_out(source, layout_of(model.config)),
        target_text=found.target_text,
    )


def of_recording(model: Transcriber, source: str, target: Target) -> Passage:
    """Of what reads sound. Raises UsageError for a recording that is read in several pieces; DataError."""
    heard = model.hear(Path(source))
    if len(heard.pieces) > 1:
        raise UsageError(
            f"{source}: it lasts {heard.seconds:.0f} seconds and is transcribed in {len(heard.pieces)} pieces. Look at "
            f"one of at most {model.config.audio.max_seconds:g} seconds."
        )
    (frames,) = heard.pieces
    if target is None:
        options = search_options(model.config.search, n_best=1)
        (found,) = transcribe_frames(
            model.network, model.config, [frames], options, device=model.machine.device, fusion=model.fusion
        )
        target = found.hypotheses[0].tokens
    symbols = model.tokenizer.encode(target) if isinstance(target, str) else list(target)
    timeline = Timeline(len(frames), model.seconds_a_frame)
    positions = len(frames)
    for _ in range(model.config.model.frames_a_position.bit_length() - 1):
        positions = (positions + 1) // 2
    return Passage(
        model,
        (model.network,),
        collate_frames([frames], [symbols]),
        model.tokenizer,
        timeline.names(positions),
        inputs=[BOS, *symbols],
        outputs=[*symbols, EOS],
        timeline=timeline,
        source_text=source,
        target_text=model.tokenizer.decode(symbols),
    )


def of_text(model: TextGenerator, source: str, target: Target) -> Passage:
    """Of a language model: the source is its prompt, and all of it and of what goes on is written."""
    prompt = model.symbols(source)
    if isinstance(target, str):  # both at once: where they meet there may be one symbol of either
        outputs = model.symbols(source + target)
    else:
        outputs = [*prompt, *(model.likeliest(prompt, CONTINUED) if target is None else target)]
    pairs = zip(prompt, outputs, strict=False)
    given = next((place for place, pair in enumerate(pairs) if pair[0] != pair[1]), len(prompt))
    inputs = [EOS, *outputs[:-1]]
    return Passage(
        model,
        (model.network,),
        Batch(torch.tensor([inputs]), torch.tensor([len(inputs)])),
        model.tokenizer,
        inputs=inputs,
        outputs=outputs,
        given=given,
        source_text=source,
        target_text=model.text(outputs[given:]).removesuffix("\n"),
    )


def of_labelled(model: Classifier | Tagger, source: str, target: Target) -> Passage:
    """Of what reads a text and decides for labels. Raises UsageError for a target: nothing is written."""
    if target is not None:
        raise UsageError(
            "This model decides for labels and writes no text. Leave out --target, which names the label to explain "
            "where a decision is explained."
        )
    text = sentence(source.split()) if isinstance(model, Tagger) else source
    ((ids,), _) = model.encoded([text])
    networks: tuple[LabelNetwork, ...] = tuple(member.network for member in model.members)
    tokenizer = model.lexicon.tokenizer
    read = (*tokenizer.pieces(ids), SPECIALS[EOS])
    return Passage(
        model, networks, collate([ids]), tokenizer, read, tokenizer.word_groups(ids), source_text=source
    )


PASSAGES: Mapping[type, Callable[[Any, str, Target], Passage]] = {
    Model: of_pair,
    Transcriber: of_recording,
    TextGenerator: of_text,
    Classifier: of_labelled,
    Tagger: of_labelled,
}
"""By what a run holds: a new kind of model needs its row."""
