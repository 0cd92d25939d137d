"""A tiny model of every kind that a run may hold, with random weights: what the inspections are tried on."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch

import kinds
import text_models
from agreement import randomise
from seqloom.audio.log_mel import FilterBank
from seqloom.audio.preprocessing import Preprocessing
from seqloom.config.schema import Config
from seqloom.models.build import build_label_network, build_language_model, build_speech_model
from seqloom.models.ensemble import Ensemble
from seqloom.pipeline import Classifier, Model, Tagger, TextGenerator, Transcriber
from seqloom.pipeline.labelling import Member
from seqloom.pipeline.passage import Inspected
from seqloom.text.labels import Labels
from seqloom.text.segmented import Layout, with_atoms
from seqloom.text.tokenizer import train_tokenizer
from seqloom.training.labelled import Lexicon
from seqloom.training.seq2seq import network_over
from seqloom.training.vocabularies import Tokenizers
from tiny import CPU

LINES = ["one red cat", "two blue dogs see three cats", "un chat rouge", "deux chiens bleus voient"]
TURNS = "user\thello\tbot\tgood day\tuser\twhich room"
COLUMNS = "run\tV;PST"
Options = Mapping[str, Any]


def configured(task: str, model: Options, **sections: Any) -> Config:
    """A configuration of that task around a model."""
    least = {"data": {"max_length": 30}, "training": {"max_updates": 1, "best_by": "loss"}}
    found = {name: {**least.get(name, {}), **section} for name, section in (least | sections).items()}
    return Config.model_validate({"task": task, "model": model, **found})


def translator(encoder: str, decoder: str) -> Model:
    """Of one pair of kinds.py, over words."""
    model = kinds.config_of(encoder, decoder).model_dump() | {"share_embeddings": True}
    tokenizer = train_tokenizer(LINES, kind="word", size=40)
    return paired("translation", model, Tokenizers(tokenizer, tokenizer))


def paired(task: str, model: Options, tokenizers: Tokenizers, **sections: Any) -> Model:
    """Of what reads one text and writes another."""
    config = configured(task, model, **sections)
    network = randomise(network_over(config, tokenizers), seed=3, dtype=torch.float32)
    network.lay_out_for_search()
    return Model(network, tokenizers, config, CPU)


def with_parts(task: str, layout: Layout, text: str, encoder: str, decoder: str, **data: Any) -> Model:
    """Of a source with turns or columns, over characters."""
    model = kinds.config_of(encoder, decoder).model_dump() | {"share_embeddings": True}
    if "encoder_features" in data:
        model["encoder"] |= {"feature_positions": data.pop("encoder_features")}
    tokenizer = with_atoms(train_tokenizer(LINES, kind="character", size=40), layout, [text])
    return paired(task, model, Tokenizers(tokenizer, tokenizer), data=data)


def together(*members: Model) -> Model:
    """Several as an ensemble."""
    first = members[0]
    networks: Any = [member.network for member in members]
    return Model(Ensemble(networks), first.tokenizers, first.config, CPU, [m.config for m in members[1:]])


def language_model(decoder: str) -> TextGenerator:
    """Of one decoder of text_models.py, over characters."""
    tokenizer = train_tokenizer(LINES, kind="character", size=40)
    model = {"width": text_models.WIDTH, "decoder": text_models.DECODERS[decoder]}
    config = configured("generation", model, training={"chunk": text_models.WINDOW})
    network = build_language_model(config.model, len(tokenizer), text_models.WINDOW)
    network = randomise(network, seed=4, dtype=torch.float32)
    network.lay_out_for_search()
    return TextGenerator(network, tokenizer, config, CPU)


def labelled(task: str, encoder: str, pooling: str = "attention", members: int = 1) -> Classifier | Tagger:
    """Of what decides for labels, over words."""
    model = {"width": kinds.WIDTH, "encoder": kinds.ENCODERS[encoder], "pooling": pooling}
    config = configured(task, model)
    tokenizer = train_tokenizer(LINES, kind="word", size=40)
    names = ("B-PER", "O") if task == "tagging" else ("bad", "good", "so so")
    made = [
        build_label_network(config.model, len(tokenizer), len(names), pooled=task != "tagging")
        for _ in range(members)
    ]
    networks = [
        Member(randomise(network, seed=seed, dtype=torch.float32)) for seed, network in enumerate(made)
    ]
    kind = Tagger if task == "tagging" else Classifier
    return kind(networks, Lexicon(tokenizer, Labels(names)), [config] * members, CPU)


SMALL_ENCODER: Options = {"kind": "recurrent", "hidden": 5}
SMALL_DECODER: Options = {"kind": "recurrent", "hidden": 6}
LISTENERS: dict[str, Options] = {
    "lstm": {"ctc_weight": 0.5, "front_end": {"convolutions": 2, "channels": 3}},
    "ctc": {"ctc_weight": 1.0, "front_end": {"convolutions": 2, "channels": 3}},
    "las": {
        "front_end": {"convolutions": 0},
        "encoder": {**SMALL_ENCODER, "cell": "lstm", "layers": 4, "pyramid": 3},
        "decoder": {**SMALL_DECODER, "cell": "lstm", "placement": "before"},
    },
    "transformer": {
        "ctc_weight": 0.3,
        "front_end": {"convolutions": 1, "channels": 3},
        "encoder": kinds.TRANSFORMERS["transformer-pre-sinusoidal"],
        "decoder": kinds.TRANSFORMERS["transformer-pre-sinusoidal"],
    },
    "ctc-transformer": {
        "ctc_weight": 1.0,
        "front_end": {"convolutions": 1, "channels": 3},
        "encoder": kinds.TRANSFORMERS["transformer-pre-sinusoidal"],
    },
    "no-attention": {
        "front_end": {"convolutions": 2, "channels": 3},
        "decoder": {**SMALL_DECODER, "attention": "none"},
    },
}
"""Transcribers in the shapes of the presets, and two more."""


def transcriber(name: str) -> Transcriber:
    """One of LISTENERS, over characters."""
    small = {"encoder": SMALL_ENCODER, "decoder": SMALL_DECODER}
    config = configured("transcription", {"width": kinds.WIDTH, **small, **LISTENERS[name]})
    tokenizer = train_tokenizer(["la mi so"], kind="character", size=20)
    bank = FilterBank(4_000, 12)
    network = build_speech_model(config.model, 12, len(tokenizer))
    network = randomise(network, seed=6, dtype=torch.float32)
    network.lay_out_for_search()
    return Transcriber(network, tokenizer, Preprocessing(bank, 12, 10.0, "none"), config, CPU)


READERS = [
    name for name in kinds.ENCODERS if name.endswith(("-uni-1", "-bi-2", "-regularised", "-sinusoidal"))
]
WRITERS = [
    name
    for name in kinds.DECODERS
    if name.startswith(("gru-before", "gru-between", "gru-after", "gru-feeding"))
    or name.endswith(
        ("-fixed", "-between-additive", "-feeding-general-regularised", "-coverage", "-copying", "-ssru")
    )
    or name in ("lstm-fixed-context", "transformer-post-learned", "transformer-post-rotary")
]
"""Of kinds.py, each cell once and each attention in each place once."""


def every_kind() -> dict[str, Callable[[], Inspected]]:
    """By name, what makes a model of each kind."""
    found: dict[str, Callable[[], Inspected]] = {}
    for encoder in READERS:
        found[f"read by {encoder}"] = lambda encoder=encoder: translator(encoder, "gru-between-additive")
    for decoder in WRITERS:
        found[f"written by {decoder}"] = lambda decoder=decoder: translator("gru-bi-1", decoder)
    hybrid = ("transformer-pre-sinusoidal", "lstm-before-additive")
    found["hybrid"] = lambda: translator(*hybrid)
    found["ensemble"] = lambda: together(translator(*hybrid), translator("gru-bi-1", "transformer-pre-ssru"))
    copying = "gru-before-additive-copying"
    found["bot"] = lambda: with_parts("dialogue", "turns", TURNS, "gru-bi-1", copying)
    found["transducer"] = lambda: with_parts(
        "transduction",
        ("text", "features"),
        COLUMNS,
        "transformer-pre-sinusoidal",
        "transformer-pre-sinusoidal",
        source_columns=[1, 2],
        target_column=3,
        feature_columns=[2],
        encoder_features=False,
    )
    for decoder in text_models.DECODERS:
        found[f"language model by {decoder}"] = lambda decoder=decoder: language_model(decoder)
    for encoder in ("lstm-bi-1", "transformer-pre-sinusoidal"):
        for pooling in ("last", "mean", "max", "attention"):
            found[f"classifier by {encoder} and {pooling}"] = lambda encoder=encoder, pooling=pooling: (
                labelled("classification", encoder, pooling)
            )
        found[f"tagger by {encoder}"] = lambda encoder=encoder: labelled("tagging", encoder)
    found["classifiers together"] = lambda: labelled("classification", "lstm-bi-1", members=2)
    for name in LISTENERS:
        found[f"transcriber {name}"] = lambda name=name: transcriber(name)
    return found


def source_for(name: str, recording: Path) -> str:
    """What a model of that kind reads."""
    if name.startswith("transcriber"):
        return str(recording)
    return {"bot": TURNS, "transducer": COLUMNS}.get(name, "one red cat")
