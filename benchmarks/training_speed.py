"""Claim: on a CPU, seqloom trains faster than its peers on identical token batches and shapes.

    python benchmarks/training_speed.py
    python benchmarks/training_speed.py --shapes A B --rounds 5 --updates 100

Installs each peer in an environment of its own (.cache/peers), then trains peers and seqloom in turn, each time in a
fresh process, for several rounds. Every contestant's own model, loss, optimiser and update run over the same batches;
reading data is left out. The peers get the allocator settings that suit them best. Rates are target tokens a second;
what counts are the ratios within a round. Writes results/training_speed.md and .json.

Shapes: A Transformer 4+4 of width 128; B LSTM with Luong attention and input feeding; C the preset translation-gru in
a vocabulary of 10,000, "C own" in its own of 6,000.
"""

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent / "peers"))

from batches import make_batches
from contest import Contestant, Figures, median, ratios, run
from provenance import RESULTS, provenance
from shapes import BATCH_TOKENS, VOCABULARY

OWN_VOCABULARY = 6000  # of the preset

SEQLOOM = [
    Contestant("seqloom, float32", "train_seqloom.py", arguments=("--precision", "float32")),
    Contestant("seqloom, auto", "train_seqloom.py", arguments=("--precision", "auto")),
]
OPENNMT = Contestant("OpenNMT-py 3.5.1", "train_opennmt.py", "OpenNMT-py", allocator=True)
OPENNMT_AS_IT_COMES = Contestant("OpenNMT-py, its own allocator", "train_opennmt.py", "OpenNMT-py")
JOEYNMT = Contestant("JoeyNMT 2.3.0", "train_joeynmt.py", "JoeyNMT", allocator=True)
RACES = {
    "A": [OPENNMT, OPENNMT_AS_IT_COMES, JOEYNMT, *SEQLOOM],
    "B": [OPENNMT, OPENNMT_AS_IT_COMES, JOEYNMT, *SEQLOOM],
    "C": SEQLOOM,
    "C own": SEQLOOM,
}
BASES: dict[str, tuple[str | None, str]] = {
    "A": (OPENNMT.name, "A"),
    "B": (OPENNMT.name, "B"),
    "C": (None, "B"),
    "C own": (None, "B"),
}
"""By shape the contestant and the shape that rates are told against; None is the contestant itself."""


Race = dict[str, dict[str, list[Figures]]]  # by shape and contestant, an entry a round


def race(shapes: list[str], rounds: int, updates: int, threads: int) -> Race:
    """Figures by shape and contestant, one entry a round."""
    found: Race = {shape: {} for shape in shapes}
    with tempfile.TemporaryDirectory() as folder:
        joint = make_batches(Path(folder), updates, VOCABULARY)
        own = make_batches(Path(folder), updates, OWN_VOCABULARY)
        for number in range(rounds):
            for shape in shapes:
                for contestant in RACES[shape]:
                    told: list[object] = [shape.partition(" ")[0], joint, "--updates", updates]
                    if shape == "C own":
                        told[1:2] = [own, "--vocabulary", OWN_VOCABULARY]
                    figures = run(contestant, told, threads)
                    found[shape].setdefault(contestant.name, []).append(figures)
                    rate = figures["tokens_per_second"]
                    print(
                        f"round {number + 1}  {shape:5} {contestant.name:30} {rate:8,.0f} tokens/s",
                        flush=True,
                    )
    return found


def table(found: Race) -> list[str]:
    """A row for each shape and contestant: the median rate, and the ratio to the base with its spread."""
    lines = [
        "| shape | who | parameters | target tokens/s | ratio | least and most | against | peak memory, MB |",
        "| --- | --- | ---: | ---: | ---: | ---: | --- | ---: |",
    ]
    for shape, contestants in found.items():
        rival, base_shape = BASES[shape]
        for name, rounds in contestants.items():
            base_name = rival or name
            base = found.get(base_shape, {}).get(base_name)
            rate = median(rounds, "tokens_per_second")
            cells = [shape, name, f"{rounds[0]['parameters']:,}", f"{rate:,.0f}"]
            if base and (name, shape) != (base_name, base_shape):
                cells += [*ratios(rounds, base, "tokens_per_second"), f"{base_name}, {base_shape}"]
            else:
                cells += ["", "", ""]
            cells.append(f"{max(each['megabytes'] for each in rounds):,.0f}")
            lines.append(f"| {' | '.join(cells)} |")
    return lines


def main() -> None:
    """Race and report."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--shapes", nargs="+", choices=list(RACES), default=list(RACES))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--updates", type=int, default=100)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    asked = parser.parse_args()
    begun = provenance()
    found = race(asked.shapes, asked.rounds, asked.updates, asked.threads)
    lines = [
        "# Speed of training on a CPU",
        "",
        f"`{begun['command']}`, commit {begun['commit']}.",
        "",
        f"Machine: {begun['machine']}; load average {begun['load_at_start']} at the start. {asked.rounds} rounds of "
        f"{asked.updates} updates after a warm-up, {asked.threads} threads, Multi30k en-de, the same batches of "
        f"{BATCH_TOKENS:,} tokens for all. OpenNMT-py and JoeyNMT compute in float32, seqloom's auto in what it "
        "measured to be fastest here. Peers run with glibc told to keep freed memory, which suits them best, unless "
        "said otherwise.",
        "",
        *table(found),
        "",
    ]
    (RESULTS / "training_speed.md").write_text("\n".join(lines), encoding="utf-8")
    (RESULTS / "training_speed.json").write_text(json.dumps({**begun, "rounds": found}, indent=1) + "\n")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
