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
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PEERS_FOLDER = Path(__file__).resolve().parent / "peers"
sys.path.insert(0, str(PEERS_FOLDER))

from batches import make_batches  # noqa: E402
from environments import interpreter  # noqa: E402
from provenance import RESULTS, provenance  # noqa: E402
from shapes import BATCH_TOKENS, VOCABULARY  # noqa: E402

OWN_VOCABULARY = 6000  # of the preset
KEEP = str(4 * 2**30)
ALLOCATOR = {  # glibc's, so that freed memory isn't handed back and faulted in again: a third faster for OpenNMT-py
    "MALLOC_TRIM_THRESHOLD_": KEEP,
    "MALLOC_MMAP_THRESHOLD_": KEEP,
    "MALLOC_TOP_PAD_": str(256 * 2**20),
}


@dataclass(frozen=True)
class Contestant:
    """name as the table has it · driver: script in peers/ · peer: whose environment, None for this one"""

    name: str
    driver: str
    peer: str | None
    arguments: tuple[str, ...] = ()
    allocator: bool = False


SEQLOOM = [
    Contestant("seqloom, float32", "train_seqloom.py", None, ("--precision", "float32")),
    Contestant("seqloom, auto", "train_seqloom.py", None, ("--precision", "auto")),
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
BASES = {
    "A": (OPENNMT.name, "A"),
    "B": (OPENNMT.name, "B"),
    "C": (SEQLOOM[0].name, "B"),
    "C own": (SEQLOOM[0].name, "B"),
}


def run(contestant: Contestant, shape: str, batches: Path, updates: int, threads: int) -> dict[str, Any]:
    """One contestant, one shape, one fresh process: its figures, with the process's peak memory in MB."""
    python = sys.executable if contestant.peer is None else str(interpreter(contestant.peer))
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads), "TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD": "1"}
    environment.update(ALLOCATOR if contestant.allocator else {})
    script = str(PEERS_FOLDER / contestant.driver)
    sizes = ["--updates", str(updates), "--threads", str(threads)]
    if shape == "C own":
        sizes += ["--vocabulary", str(OWN_VOCABULARY)]
    with tempfile.TemporaryFile("w+") as said, tempfile.TemporaryFile("w+") as complained:
        process = subprocess.Popen(
            [python, script, shape.split(maxsplit=1)[0], str(batches), *sizes, *contestant.arguments],
            stdout=said,
            stderr=complained,
            env=environment,
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        complained.seek(0)
        if process.returncode:
            raise SystemExit(f"{contestant.name} failed on shape {shape}:\n{complained.read()[-2000:]}")
        figures: dict[str, Any] = json.loads(said.read().splitlines()[-1])
    return {**figures, "megabytes": usage.ru_maxrss / 1024}


def race(
    shapes: list[str], rounds: int, updates: int, threads: int
) -> dict[str, dict[str, list[dict[str, Any]]]]:
    """Figures by shape and contestant, one entry a round."""
    found: dict[str, dict[str, list[dict[str, Any]]]] = {shape: {} for shape in shapes}
    with tempfile.TemporaryDirectory() as folder:
        joint = make_batches(Path(folder), updates, VOCABULARY)
        own = make_batches(Path(folder), updates, OWN_VOCABULARY)
        for number in range(rounds):
            for shape in shapes:
                for contestant in RACES[shape]:
                    figures = run(contestant, shape, own if shape == "C own" else joint, updates, threads)
                    found[shape].setdefault(contestant.name, []).append(figures)
                    rate = figures["tokens_per_second"]
                    print(
                        f"round {number + 1}  {shape:5} {contestant.name:30} {rate:8,.0f} tokens/s",
                        flush=True,
                    )
    return found


def table(found: dict[str, dict[str, list[dict[str, Any]]]]) -> list[str]:
    """A row for each shape and contestant: the median rate, and the ratio to the base with its spread."""
    lines = [
        "| shape | who | parameters | target tokens/s | ratio | least and most | against | peak memory, MB |",
        "| --- | --- | ---: | ---: | ---: | ---: | --- | ---: |",
    ]
    for shape, contestants in found.items():
        base_name, base_shape = BASES[shape]
        base = found.get(base_shape, {}).get(base_name)
        for name, rounds in contestants.items():
            rates = [each["tokens_per_second"] for each in rounds]
            cells = [shape, name, f"{rounds[0]['parameters']:,}", f"{statistics.median(rates):,.0f}"]
            if base and (name, shape) != (base_name, base_shape):
                ratios = [rate / its["tokens_per_second"] for rate, its in zip(rates, base, strict=True)]
                spread = f"{min(ratios):.2f}–{max(ratios):.2f}"
                cells += [f"{statistics.median(ratios):.2f}", spread, f"{base_name}, {base_shape}"]
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
