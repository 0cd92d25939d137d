"""Claim: the memory of a training doesn't grow with its length.

    python benchmarks/training_memory.py
    python benchmarks/training_memory.py --shapes A B --updates 60 300

Trains the shapes of training_speed.py for ever more updates, each time in a fresh process, over batches that are cut
anew in each epoch, and prints the peak memory of each process. That includes PyTorch itself, some 200 MB.
"""

import argparse
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent / "peers"))

from batches import make_batches
from contest import Contestant, run
from provenance import provenance
from shapes import PRESETS, SHAPES


def main() -> None:
    """Train and report."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    shapes = [*SHAPES, *PRESETS]
    parser.add_argument("--shapes", nargs="+", choices=shapes, default=shapes)
    parser.add_argument(
        "--precisions", nargs="+", choices=["float32", "bfloat16"], default=["float32", "bfloat16"]
    )
    parser.add_argument("--updates", nargs="+", type=int, default=[60, 300, 1500])
    parser.add_argument("--threads", type=int, default=1)
    asked = parser.parse_args()
    begun = provenance()
    print(f"`{begun['command']}`, commit {begun['commit']}; peak memory in MB\n")
    print(f"| shape | precision | {' | '.join(f'{updates:,} updates' for updates in asked.updates)} |")
    print(f"| --- | --- |{' ---: |' * len(asked.updates)}")
    with tempfile.TemporaryDirectory() as folder:
        batches = make_batches(Path(folder), max(asked.updates))
        for shape in asked.shapes:
            for precision in asked.precisions:
                driver = Contestant("seqloom", "train_seqloom.py", arguments=("--precision", precision))
                cells = [shape, precision]
                for updates in asked.updates:
                    told = [shape, batches, "--warmup", 0, "--updates", updates]
                    cells.append(f"{run(driver, told, asked.threads)['megabytes']:,.0f}")
                print(f"| {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
