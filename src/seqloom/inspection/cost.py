"""What a model costs: parameters and bytes of each part, operations for a sentence, computed beside measured."""

import json
import warnings
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from seqloom.base.files import atomic_write, make_folder
from seqloom.config.model import ModelConfig
from seqloom.data.batch import Batch
from seqloom.inspection.cost_formulas import Products, products
from seqloom.layers import kernels
from seqloom.models.pointer_generator import PointerGenerator
from seqloom.models.seq2seq import Seq2Seq

FORMAT, VERSION = "seqloom-cost", 1
PARTS = ("source", "encoder", "target", "decoder", "output")


@dataclass(frozen=True)
class Cost:
    """A model over one sentence.

    parameters      learnt numbers of each part; what two parts share counts in the first
    source, target  symbols of the sentence, ends included
    computed        multiply-adds by the formulas of cost_formulas.py
    measured        the same as PyTorch counted them
    """

    parameters: dict[str, int]
    source: int
    target: int
    computed: Products
    measured: Products

    @property
    def bytes(self) -> int:
        """Of all parameters as float32."""
        return 4 * sum(self.parameters.values())

    def operations(self, found: Products) -> tuple[float, float]:
        """Floating-point operations a source token, to read it, and a target token, to write it; a product is two."""
        return 2 * (found.encoder + found.start) / self.source, 2 * (
            found.decoder + found.output
        ) / self.target

    def to_record(self) -> dict[str, Any]:
        """As plain values for JSON."""
        return {
            "format": FORMAT,
            "version": VERSION,
            "parameters": self.parameters,
            "bytes": self.bytes,
            "source_symbols": self.source,
            "target_symbols": self.target,
            **{
                name: {
                    "multiply_adds": asdict(found),
                    "operations_a_source_token": self.operations(found)[0],
                    "operations_a_target_token": self.operations(found)[1],
                }
                for name, found in (("computed", self.computed), ("measured", self.measured))
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
    for name in (*PARTS, "besides"):
        part = model if name == "besides" else getattr(model, name)
        own = [parameter for parameter in part.parameters() if id(parameter) not in seen]
        seen.update(map(id, own))
        found[name] = sum(parameter.numel() for parameter in own)
    return {name: count for name, count in found.items() if count or name != "besides"}


@torch.no_grad()
def measure_cost(model: Seq2Seq, config: ModelConfig, batch: Batch) -> Cost:
    """Pass one sentence, teacher-forced, and count.

    model  in evaluation, on a CPU
    batch  of one sentence with its target
    """
    loaded = kernels.load(build=False) if kernels.ready(next(model.parameters())) else False
    kernels.unload()  # whose products nobody counts
    try:
        memory, encoder = _counted(lambda: model.encode(batch))
        _, start = _counted(lambda: model.start(memory))
        if isinstance(model, PointerGenerator):
            mixed, decoder = _counted(lambda: model.mix(batch, memory)[0])
            features = mixed.features
        else:
            decoded, decoder = _counted(lambda: model.decode(batch, memory))
            features = decoded.features
        _, output = _counted(lambda: model.output(features))
    finally:
        if loaded:
            kernels.load(build=False)
    source, target = batch.source.shape[1], features.shape[1]
    return Cost(
        count_parameters(model),
        source,
        target,
        products(config, source, target, len(model.output.bias)),
        Products(encoder, start, decoder - start, output),
    )


def _counted(run: Callable[[], Any]) -> tuple[Any, int]:
    """What a call gives, and the multiply-adds it makes."""
    vectors = {torch.ops.aten.mv: lambda matrix, _vector, **_: 2 * matrix[0] * matrix[1]}
    counter = FlopCounterMode(display=False, custom_mapping=vectors)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the switch itself warns of another one that nobody touched
        with torch.backends.mkldnn.flags(enabled=False), counter:
            found = run()
    return found, counter.get_total_flops() // 2
