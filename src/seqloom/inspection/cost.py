"""What a model costs: parameters of each part, operations and memory for a sentence, computed beside measured."""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from seqloom.base.files import atomic_write, make_folder
from seqloom.config.model import ModelConfig
from seqloom.data.batch import Batch
from seqloom.inspection.cost_formulas import (
    Products,
    label_products,
    products,
    speech_products,
    text_products,
)
from seqloom.inspection.memory_formulas import (
    MemoryUse,
    label_memory,
    pair_memory,
    speech_memory,
    text_memory,
)
from seqloom.inspection.memory_use import measure_memory, weights_of
from seqloom.inspection.plain_operations import plain_operations
from seqloom.models.classifier import LabelNetwork
from seqloom.models.language_model import LanguageModel
from seqloom.models.pointer_generator import PointerGenerator
from seqloom.models.seq2seq import Seq2Seq
from seqloom.models.speech import CTCModel, SpeechSeq2Seq
from seqloom.models.state import Memory

FORMAT, VERSION = "seqloom-cost", 1
PARTS = ("source", "encoder", "target", "decoder", "output")
ORDER = ("source", "encoder", "pooling", "target", "decoder", "layers", "ctc", "output")
"""With those that only some models have; a language model's layers are its decoder."""


@dataclass(frozen=True)
class Cost:
    """A model over one sentence.

    parameters      learnt numbers of each part; what two parts share counts in the first
    source, target  symbols of the sentence, ends included; frames of a recording; labels of a text
    computed        multiply-adds by the formulas of cost_formulas.py
    measured        the same as PyTorch counted them
    units           what one of the source is, and of the target: a token, a frame, a label
    memory          bytes by the formulas of memory_formulas.py, and as PyTorch's tensors took them
    weights         bytes of the parameters as they are laid out; for searches a shared table is laid out twice
    rows            of a beam that writes
    """

    parameters: dict[str, int]
    source: int
    target: int
    computed: Products
    measured: Products
    units: tuple[str, str] = ("token", "token")
    memory: tuple[MemoryUse, MemoryUse] = (MemoryUse(), MemoryUse())
    weights: int = 0
    rows: int = 1

    @property
    def bytes(self) -> int:
        """Of all parameters as float32."""
        return 4 * sum(self.parameters.values())

    def operations(self, found: Products) -> tuple[float, float]:
        """Floating-point operations a source token, to read it, and a target token, to write it; a product is two.

        0 where nothing is read, or nothing written symbol by symbol.
        """
        reads, writes = 2 * (found.encoder + found.start), 2 * (found.decoder + found.output)
        return reads / max(self.source, 1), writes / max(self.target, 1)

    def said(self) -> list[str]:
        """The operations in words: computed, measured, and of what."""
        read, written = self.units
        lines = []
        for name, found in (("computed", self.computed), ("measured", self.measured)):
            reads, writes = self.operations(found)
            parts = [f"{reads:,.0f} operations to read a {read}"] if self.source else []
            one = "one" if read == written and self.source else f"a {written}"
            way = "decide for" if written == "label" else "write"
            parts += [f"{writes:,.0f}{'' if parts else ' operations'} to {way} {one}"] if self.target else []
            lines.append(f"{name}: {', '.join(parts)}")
        sizes = [(self.source, "source", read), (self.target, "target", written)]
        counts = [
            f"a {side} of {count:,} {unit}{'s' if count > 1 else ''}" for count, side, unit in sizes if count
        ]
        return [*lines, f"for {' and '.join(counts)}{', ends included' if 'token' in self.units else ''}"]

    def held(self) -> list[tuple[str, int, int]]:
        """What holds memory, in words, with its bytes computed and measured."""
        computed, measured = self.memory
        rows = [("weights", self.bytes, self.weights)]
        reading = "reading" if self.units[1] != "label" else "reading and deciding"
        beam = f" by a beam of {self.rows}" if self.rows > 1 else ""
        if self.source:
            rows += [
                (f"{reading}, at its peak", computed.encoder_peak, measured.encoder_peak),
                ("of it the largest tensor", computed.encoder_largest, measured.encoder_largest),
            ]
        if measured.decoder_peak:
            rows += [
                (f"writing{beam}, at its peak", computed.decoder_peak, measured.decoder_peak),
                ("of it the largest tensor", computed.decoder_largest, measured.decoder_largest),
                ("kept when all is written", computed.kept, measured.kept),
            ]
        return rows

    def _repr_html_(self) -> str:
        """Parameters, operations and memory, in a notebook."""
        from seqloom.inspection.cost_page import cost_fragment

        return cost_fragment(self)

    def to_record(self) -> dict[str, Any]:
        """As plain values for JSON."""
        return {
            "format": FORMAT,
            "version": VERSION,
            "parameters": self.parameters,
            "bytes": self.bytes,
            "source_symbols": self.source,
            "target_symbols": self.target,
            **({} if self.units == ("token", "token") else {"units": list(self.units)}),
            **{
                name: {
                    "multiply_adds": asdict(found),
                    "operations_a_source_token": self.operations(found)[0],
                    "operations_a_target_token": self.operations(found)[1],
                }
                for name, found in (("computed", self.computed), ("measured", self.measured))
            },
            "memory": {
                "beam": self.rows,
                **{
                    name: {"weights": weights, **asdict(found)}
                    for name, weights, found in zip(
                        ("computed", "measured"), (self.bytes, self.weights), self.memory, strict=True
                    )
                },
            },
        }


def write_cost(cost: Cost, path: Path) -> None:
    """Write it as JSON, atomically."""
    make_folder(path.parent)
    atomic_write(path, json.dumps(cost.to_record()) + "\n")


def count_parameters(model: nn.Module) -> dict[str, int]:
    """Of each part, and of what stands beside the parts; what two share counts in the first."""
    seen: set[int] = set()
    found = {}
    for name in (*ORDER, "besides"):
        part = model if name == "besides" else getattr(model, name, None)
        own = [parameter for parameter in part.parameters() if id(parameter) not in seen] if part else []
        seen.update(map(id, own))
        if part is not None and (own or name in PARTS):
            found["decoder" if name == "layers" else name] = sum(parameter.numel() for parameter in own)
    return found


@torch.no_grad()
def measure_cost(model: Seq2Seq | CTCModel, config: ModelConfig, batch: Batch, rows: int = 1) -> Cost:
    """Pass one sentence, teacher-forced, or one recording, and count; write it by steps, and see what that holds.

    model  in evaluation, on a CPU
    batch  of one sentence or recording with its target
    rows   of a beam that writes
    """
    heard = isinstance(model, SpeechSeq2Seq | CTCModel)
    with plain_operations(model):
        memory, encoder = _counted(lambda: model.encode(batch))
        ctc = 0
        if isinstance(model, SpeechSeq2Seq | CTCModel) and (head := model.ctc) is not None:
            _, ctc = _counted(lambda: head(memory.values))
        written = Products(0, 0, 0, 0)
        if isinstance(model, Seq2Seq):
            written = _written(model, batch, memory)
    source, target = batch.source.shape[1], 0 if batch.target_output is None else batch.target_output.shape[1]
    features = batch.source.shape[2] if heard else 0
    fed = [] if batch.target_input is None else batch.target_input[0].tolist()
    seen = measure_memory(model, batch, fed, rows)
    measured = replace(written, encoder=encoder, start=written.start + ctc)
    counted, weights = count_parameters(model), weights_of(model)
    if isinstance(model, CTCModel):
        symbols, target = model.ctc.layer.out_features, 0
    else:
        symbols = len(model.output.bias)
    if heard:
        computed = speech_products(config, source, features, target, symbols)
        memory = (speech_memory(config, source, features, target, symbols, rows), seen)
        units = ("frame", "token")
        return Cost(counted, source, target, computed, measured, units, memory, weights, rows)
    computed = products(config, source, target, symbols)
    memory = (pair_memory(config, source, target, symbols, rows), seen)
    return Cost(counted, source, target, computed, measured, memory=memory, weights=weights, rows=rows)


def _written(model: Seq2Seq, batch: Batch, memory: Memory) -> Products:
    """What a decoder multiplies."""
    _, start = _counted(lambda: model.start(memory))
    if isinstance(model, PointerGenerator):
        mixed, decoder = _counted(lambda: model.mix(batch, memory)[0])
        features = mixed.features
    else:
        decoded, decoder = _counted(lambda: model.decode(batch, memory))
        features = decoded.features
    _, output = _counted(lambda: model.output(features))
    return Products(0, start, decoder - start, output)


@torch.no_grad()
def measure_text_cost(model: LanguageModel, config: ModelConfig, symbols: Tensor) -> Cost:
    """The same of a language model that reads symbols (1, T), each to say what follows."""
    with plain_operations(model):
        read, decoder = _counted(lambda: model.read(symbols, model.start(1)))
        _, output = _counted(lambda: model.output(read.features))
    target, vocabulary = symbols.shape[1], len(model.output.bias)
    computed = text_products(config, target, vocabulary, model.window)
    seen = measure_memory(model, Batch(symbols, torch.tensor([target])), symbols[0].tolist())
    memory = (text_memory(config, target, vocabulary, model.window), seen)
    measured = Products(0, 0, decoder, output)
    return Cost(
        count_parameters(model), 0, target, computed, measured, memory=memory, weights=weights_of(model)
    )


@torch.no_grad()
def measure_label_cost(model: LabelNetwork, config: ModelConfig, batch: Batch) -> Cost:
    """The same of a classifier or a tagger that reads one text."""
    with plain_operations(model):
        embedded, read = _counted(lambda: model.source(batch.source))
        memory, encoder = _counted(lambda: model.encoder(embedded, batch.source_lengths, batch.source_mask))
        judged, all_of_it = _counted(lambda: model(batch))
        _, output = _counted(lambda: model.output(memory.values if model.pooling is None else memory.summary))
    source, pooled = batch.source.shape[1], model.pooling is not None
    measured = Products(read + encoder, 0, all_of_it - read - encoder - output, output)
    computed = label_products(config, source, judged.logits.shape[-1], pooled=pooled)
    labels = judged.logits.shape[-1]
    memory = (label_memory(config, source, labels, pooled=pooled), measure_memory(model, batch, ()))
    units, decided = ("token", "label"), 1 if pooled else source
    weights = weights_of(model)
    return Cost(count_parameters(model), source, decided, computed, measured, units, memory, weights)


def _counted(run: Callable[[], Any]) -> tuple[Any, int]:
    """What a call gives, and the multiply-adds it makes."""
    vectors = {torch.ops.aten.mv: lambda matrix, _vector, **_: 2 * matrix[0] * matrix[1]}
    counter = FlopCounterMode(display=False, custom_mapping=vectors)
    with counter:
        found = run()
    return found, counter.get_total_flops() // 2
