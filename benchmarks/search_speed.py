"""Claim: seqloom's beam search in PyTorch is faster than its peers' over the same model, weights and batches.

    python benchmarks/search_speed.py
    python benchmarks/search_speed.py --rounds 5

Trains shapes A and B (see training_speed.py) with seqloom for some hundred updates, gives the weights to every
contestant, each in an environment of its own (.cache/peers), and lets each translate Multi30k's test set with a beam of
5 in float32: in batches of 64 alike in length, and the first sentences one by one. What is found is compared, so that
all are known to do the same work. Writes results/search_speed.md and .json.
"""

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent / "peers"))

from batches import joint_tokenizer, make_batches
from contest import Contestant, Figures, median, ratios, run
from provenance import RESULTS, multi30k, provenance
from search_models import sentences, train
from shapes import VOCABULARY, save_batches

BATCH, ALONE = 64, 100  # sentences a batch; sentences translated one by one
CONTESTANTS = [
    Contestant("OpenNMT-py 3.5.1", "search_opennmt.py", "OpenNMT-py", allocator=True),
    Contestant("eole 0.6.4", "search_eole.py", "eole", allocator=True),
    Contestant("seqloom", "search_seqloom.py"),
]
BASES = CONTESTANTS[:2]
SHAPES = ("A", "B")
Race = dict[str, dict[str, list[Figures]]]  # by task and contestant, an entry a round


def race(rounds: int, updates: int, threads: int) -> Race:
    """Figures of both shapes, in batches and one by one."""
    found: Race = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        batches = make_batches(folder, min(updates, 250), VOCABULARY)
        tokenizer = joint_tokenizer(VOCABULARY)
        texts = multi30k("test")[0].read_text(encoding="utf-8").splitlines()
        tasks = {f"batches of {BATCH}": (texts, BATCH), "one by one": (texts[:ALONE], 1)}
        for shape in SHAPES:
            print(f"Training shape {shape} for {updates} updates", flush=True)
            train(shape, batches, updates, threads, folder / f"{shape}.safetensors")
        for chosen, size in tasks.values():
            save_batches(folder / f"{size}.npz", [batch for _, batch in sentences(tokenizer, chosen, size)])
        for number in range(rounds):
            for shape in SHAPES:
                for task, (_, size) in tasks.items():
                    for contestant in CONTESTANTS:
                        told = [shape, folder / f"{shape}.safetensors", folder / f"{size}.npz"]
                        figures = run(contestant, told, threads)
                        found.setdefault(f"{shape}, {task}", {}).setdefault(contestant.name, []).append(
                            figures
                        )
                        rate = figures["sentences_per_second"]
                        print(
                            f"round {number + 1}  {shape}, {task:14} {contestant.name:18} {rate:7.1f}/s",
                            flush=True,
                        )
    return found


def agreement(figures: Figures, reference: Figures) -> float:
    """The share of sentences for which both found the same."""
    pairs = list(zip(figures["outputs"], reference["outputs"], strict=True))
    return sum(one == other for one, other in pairs) / len(pairs)


def table(found: Race) -> list[str]:
    """A row for each task and contestant."""
    against = " | ".join(f"against {base.name} | least and most" for base in BASES)
    lines = [
        f"| shape, task | who | sentences/s | ms a sentence | {against} | output as seqloom's | symbols a sentence |",
        "| --- | --- | ---: | ---: |" + " ---: | ---: |" * len(BASES) + " ---: | ---: |",
    ]
    for task, contestants in found.items():
        reference = contestants["seqloom"][0]
        for name, rounds in contestants.items():
            rate = median(rounds, "sentences_per_second")
            cells = [task, name, f"{rate:.1f}", f"{1000 / rate:.1f}"]
            for base in BASES:
                cells += ratios(rounds, contestants[base.name], "sentences_per_second")
            length = sum(map(len, rounds[0]["outputs"])) / len(rounds[0]["outputs"])
            cells += [f"{100 * agreement(rounds[0], reference):.1f} %", f"{length:.1f}"]
            lines.append(f"| {' | '.join(cells)} |")
    return lines


def main() -> None:
    """Race and report."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--updates", type=int, default=800, help="of the models that are searched")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    asked = parser.parse_args()
    begun = provenance()
    found = race(asked.rounds, asked.updates, asked.threads)
    lines = [
        "# Speed of beam search in PyTorch, on a CPU",
        "",
        f"`{begun['command']}`, commit {begun['commit']}.",
        "",
        f"Machine: {begun['machine']}; load average {begun['load_at_start']} at the start. {asked.rounds} rounds, "
        f"{asked.threads} threads, float32, beam 5, no length penalty, models trained by seqloom for {asked.updates} "
        "updates on Multi30k en-de and given to all. Test set: the 1,000 sentences of test_2016_flickr in batches, the "
        f"first {ALONE} one by one. Tokenization is left out.",
        "",
        *table(found),
        "",
    ]
    (RESULTS / "search_speed.md").write_text("\n".join(lines), encoding="utf-8")
    for contestants in found.values():
        for rounds in contestants.values():
            for figures in rounds:
                del figures["outputs"]  # compared above, and long
    (RESULTS / "search_speed.json").write_text(json.dumps({**begun, "rounds": found}, indent=1) + "\n")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
