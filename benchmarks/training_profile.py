"""Where the time of training goes, in per cent, by what is computed.

    python benchmarks/training_profile.py
    python benchmarks/training_profile.py --shapes A --precision bfloat16 --kernels none

Trains the shapes of training_speed.py under PyTorch's profiler and sums the processor time of its operations, each
counted without those it calls, in groups. Prints a table for docs/concepts/training-speed.md.
"""

import argparse
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from torch.profiler import ProfilerActivity, profile

sys.path.insert(0, str(Path(__file__).resolve().parent / "peers"))

from batches import make_batches
from provenance import provenance
from shapes import load_batches
from train_seqloom import trainer_of

GROUPS: Mapping[str, tuple[str, ...]] = {  # by how the operation's name begins, the first that fits
    "matrix products": ("aten::mm", "aten::addmm", "aten::bmm", "aten::baddbmm", "mkldnn", "aten::mkldnn"),
    "softmax and loss": (
        "FusedLoss",
        "aten::_log_softmax",
        "aten::logsumexp",
        "aten::exp",
        "aten::gather",
        "aten::scatter_add",
        "aten::amax",
        "aten::nll_loss",
    ),
    "dropout": (
        "SeededDropout",
        "_MaskAndScale",
        "aten::random_",
        "aten::ge",
        "aten::bernoulli",
        "aten::native_dropout",
    ),
    "attention, products left out": (
        "FusedHeads",
        "FusedAdditive",
        "aten::_softmax",
        "aten::masked_fill",
        "aten::tanh",
        "aten::addmv",
    ),
    "recurrent steps, products left out": (
        "FusedGRU",
        "FusedLSTM",
        "aten::sigmoid",
        "aten::gru",
        "aten::lstm",
    ),
    "layer normalisation": ("aten::native_layer_norm",),
    "optimiser and clipping": (
        "aten::_fused_adam",
        "Optimizer",
        "aten::linalg_vector_norm",
        "aten::_foreach",
    ),
    "copies and new memory": (
        "aten::copy_",
        "aten::cat",
        "aten::empty",
        "aten::fill_",
        "aten::zero",
        "aten::clone",
    ),
}
REST = "all else"


def shares(
    shape: str, batches: Path, precision: str, kernels: str, threads: int, updates: int
) -> dict[str, float]:
    """Per cent of the processor time by group."""
    trainer = trainer_of(shape, load_batches(batches), precision, threads, kernels=kernels)
    groups = trainer._groups()
    for _ in range(updates):
        trainer._update(next(groups))
    with profile(activities=[ProfilerActivity.CPU]) as profiled:
        for _ in range(updates):
            trainer._update(next(groups))
    times = dict.fromkeys([*GROUPS, REST], 0.0)
    for event in profiled.key_averages():
        group = next((name for name, heads in GROUPS.items() if event.key.startswith(heads)), REST)
        times[group] += event.self_cpu_time_total
    return {name: 100 * time / sum(times.values()) for name, time in times.items()}


def main() -> None:
    """Profile and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--shapes", nargs="+", default=["A", "B", "C"])
    parser.add_argument("--precision", default="float32")
    parser.add_argument("--kernels", default="auto")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--updates", type=int, default=20)
    asked = parser.parse_args()
    begun = provenance()
    with tempfile.TemporaryDirectory() as folder:
        batches = make_batches(Path(folder), asked.updates)
        told = (asked.precision, asked.kernels, asked.threads, asked.updates)
        found = {shape: shares(shape, batches, *told) for shape in asked.shapes}
    print(f"`{begun['command']}`, commit {begun['commit']}; {begun['machine']}.\n")
    print(f"| per cent | {' | '.join(asked.shapes)} |\n| --- |{' ---: |' * len(asked.shapes)}")
    for name in [*GROUPS, REST]:
        print(f"| {name} | {' | '.join(f'{found[shape][name]:.0f}' for shape in asked.shapes)} |")


if __name__ == "__main__":
    main()
