"""Claim: memory does not grow with the corpus, and the time grows in proportion to it.

    python benchmarks/large_corpus.py --millions 0.5 1 2

Makes parallel files of as many pairs in a temporary folder, prepares them, and draws one whole epoch of batches;
each step in a process of its own, whose peak of resident memory is taken beyond what it held after its imports.
Writes results/large_corpus.md and .json beside this file, with the command, commit and machine.
"""

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from provenance import commit, machine

HERE = Path(__file__).resolve().parent
MEGABYTE = 1024 * 1024
MEASURED = ("readers", "corpus", "columns", "batching", "batch", "loader")
MEASURED_FILES = (Path(__file__), *(HERE.parent / f"src/seqloom/data/{name}.py" for name in MEASURED))
Figures = dict[str, Any]


# -- memory ------------------------------------------------------------------------------------------------------


def status(name: str) -> int | None:
    """A field of /proc/self/status in bytes; None where there is no such file."""
    path = Path("/proc/self/status")
    if not path.exists():
        return None
    return next(
        int(line.split()[1]) * 1024 for line in path.read_text().splitlines() if line.startswith(name)
    )


def peak() -> int:
    """The most memory that was resident, in bytes.

    On Linux VmHWM rather than getrusage, whose figure a child process inherits from its parent.
    """
    unit = 1 if sys.platform == "darwin" else 1024
    return status("VmHWM") or resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def measured(work: Callable[[], Figures]) -> Figures:
    """Run the work; its figures, its seconds, and its peak in MB above what was resident before.

    On a busy machine the seconds of processor time say more than those by the clock.
    """
    if Path("/proc/self/clear_refs").exists():
        Path("/proc/self/clear_refs").write_text("5")  # the peak starts anew
    base, started, worked = status("VmRSS") or peak(), time.perf_counter(), time.process_time()
    figures = work()
    return figures | {
        "seconds": time.perf_counter() - started,
        "processor_seconds": time.process_time() - worked,
        "base": base / MEGABYTE,
        "beyond": (peak() - base) / MEGABYTE,
    }


# -- the steps, each in a process of its own -----------------------------------------------------------------------


def generate(folder: Path, pairs: int, seed: int) -> Figures:
    """Sentences over 30,000 made-up words in Zipf's proportions; the target is a word-by-word translation with
    swaps, losses and additions, so that lengths go together as loosely as those of real text."""
    import numpy as np

    generator = np.random.default_rng(seed)
    consonants, vowels = "bdfgklmnprstvz", "aeiou"
    syllables = [consonant + vowel for consonant in consonants for vowel in vowels]
    words = []
    for _side in range(2):
        shapes = [generator.choice(syllables, generator.integers(1, 5)) for _ in range(45_000)]
        words.append(list(dict.fromkeys("".join(shape) for shape in shapes))[:30_000])
    cumulative = np.cumsum(1 / np.arange(1, min(map(len, words)) + 1))
    cumulative /= cumulative[-1]
    size = 0
    with (folder / "train.source").open("w") as source, (folder / "train.target").open("w") as target:
        for first in range(0, pairs, 10_000):
            lengths = np.minimum(3 + generator.gamma(4.0, 2.5, min(10_000, pairs - first)).astype(int), 80)
            drawn = np.searchsorted(cumulative, generator.random(lengths.sum())).tolist()
            changes = generator.integers(0, 20, lengths.sum()).tolist()
            start = 0
            for length in lengths.tolist():
                row, change = drawn[start : start + length], changes[start : start + length]
                start += length
                size += source.write(" ".join([words[0][word] for word in row]) + ".\n")
                other: list[str] = []
                for word, kind in zip(row, change, strict=True):
                    if kind == 0:
                        other.insert(len(other) - 1, words[1][word])  # before its neighbour
                    elif kind != 1:  # 1: lost
                        other += [words[1][word]] if kind != 2 else [words[1][word], words[1][kind]]
                size += target.write(" ".join(other or [words[1][row[0]]]) + ".\n")
    return {"bytes": size}


def train(folder: Path, size: int) -> Figures:
    """A joint BPE of the first 100,000 lines of each side."""
    from itertools import chain, islice

    from seqloom.data.lines import read_lines
    from seqloom.text.tokenizer import train_tokenizer

    lines = chain(*(islice(read_lines(folder / f"train.{side}"), 100_000) for side in ("source", "target")))
    tokenizer = train_tokenizer(lines, kind="bpe", size=size, sample_lines=50_000)
    tokenizer.save(folder / "vocabulary")
    return {"vocabulary": len(tokenizer)}


def prepare(folder: Path, keep_text: bool) -> Figures:
    """Text to ids on disk."""
    from seqloom.data.corpus import prepare_corpus
    from seqloom.data.readers import PairFiles
    from seqloom.text.tokenizer import load_tokenizer

    tokenizer = load_tokenizer(folder / "vocabulary")
    files = PairFiles((folder / "train.source", folder / "train.target"))

    def work() -> Figures:
        corpus = prepare_corpus(
            files, tokenizer, tokenizer, folder / "cache", max_length=100, keep_text=keep_text
        )
        size = sum(path.stat().st_size for path in corpus.folder.iterdir())
        return {"folder": str(corpus.folder), "rows": len(corpus), "dropped": corpus.dropped, "bytes": size}

    return measured(work)


def draw(corpus_folder: Path, tokens: int) -> Figures:
    """Open the corpus, its hashes checked, and make every batch of one epoch."""
    from seqloom.data.corpus import open_corpus
    from seqloom.data.loader import iterate_batches

    def work() -> Figures:
        started = time.perf_counter()
        corpus = open_corpus(corpus_folder)
        opened = time.perf_counter() - started
        batches = rows = symbols = padded = 0
        for batch in iterate_batches(corpus, seed=1, epoch=1, tokens_per_batch=tokens):
            assert batch.target_output is not None
            batches += 1
            rows += len(batch)
            symbols += int(batch.source_lengths.sum()) + batch.target_tokens
            padded += batch.source.numel() + batch.target_output.numel()
            if batches == 1:
                first = time.perf_counter() - started
        assert rows == len(corpus)
        return {
            "open": opened,
            "first": first,
            "batches": batches,
            "symbols": symbols,
            "padding": 1 - symbols / padded,
        }

    return measured(work)


STEPS: dict[str, Callable[..., Figures]] = {
    "generate": generate,
    "train": train,
    "prepare": prepare,
    "draw": draw,
}


def in_its_own_process(step: str, *arguments: Any) -> Figures:
    """Run one step in a fresh interpreter and read its figures."""
    command = [
        sys.executable,
        __file__,
        "--step",
        step,
        json.dumps([str(a) if isinstance(a, Path) else a for a in arguments]),
    ]
    run = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    figures: Figures = json.loads(run.stdout)
    return figures


# -- the report ----------------------------------------------------------------------------------------------------


def markdown(command: str, rows: list[Figures], options: argparse.Namespace) -> str:
    """The table of results."""
    heads = [
        "pairs", "text, MB", "corpus, MB", "prepare, s", "processor, s", "prepare, MB", "epoch, s", "processor, s",
        "open, s", "first batch, s", "batches", "padding", "epoch, MB",
    ]  # fmt: skip
    lines = [f"| {' | '.join(heads)} |", "|" + " ---: |" * len(heads)]
    for row in rows:
        prepared, drawn = row["prepare"], row["draw"]
        cells = [
            f"{prepared['rows']:,}",
            f"{row['generate']['bytes'] / MEGABYTE:,.0f}",
            f"{prepared['bytes'] / MEGABYTE:,.0f}",
            f"{prepared['seconds']:.1f}",
            f"{prepared['processor_seconds']:.1f}",
            f"{prepared['beyond']:.0f}",
            f"{drawn['seconds']:.1f}",
            f"{drawn['processor_seconds']:.1f}",
            f"{drawn['open']:.2f}",
            f"{drawn['first']:.2f}",
            f"{drawn['batches']:,}",
            f"{100 * drawn['padding']:.1f} %",
            f"{drawn['beyond']:.0f}",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    bases = (
        f"{rows[-1]['prepare']['base']:.0f} MB preparing, {rows[-1]['draw']['base']:.0f} MB drawing batches"
    )
    return "\n".join([
        "# A large corpus: memory and time",
        "",
        f"`{command}`, commit {commit(*MEASURED_FILES)}.",
        "",
        f"Machine: {machine()}; load average {options.load:.1f} at the start, so the clock may run ahead of the "
        "processor time beside it.",
        "",
        f"Generated sentences (seed {options.seed}), joint BPE of {rows[-1]['train']['vocabulary']:,}, batches of "
        f"{options.tokens:,} tokens, text {'kept' if options.keep_text else 'not kept'}. `prepare` reads, hashes, "
        "encodes and writes; `epoch` opens the corpus (all its hashes checked) and makes every batch once. The MB "
        "beside each are the peak of resident memory beyond what the interpreter holds after its imports and "
        f"with its tokenizer ({bases}).",
        "",
        *lines,
        "",
    ])  # fmt: skip


def run(options: argparse.Namespace) -> None:
    """All sizes, one after the other; each folder is removed before the next is made."""
    options.load = os.getloadavg()[0]
    rows: list[Figures] = []
    for millions in options.millions:
        pairs = round(millions * 1_000_000)
        folder = Path(tempfile.mkdtemp(prefix="seqloom-large-", dir=options.folder))
        try:
            row: Figures = {"pairs": pairs}
            row["generate"] = in_its_own_process("generate", folder, pairs, options.seed)
            row["train"] = in_its_own_process("train", folder, options.vocabulary)
            row["prepare"] = in_its_own_process("prepare", folder, options.keep_text)
            row["draw"] = in_its_own_process("draw", row["prepare"].pop("folder"), options.tokens)
            rows.append(row)
            print(json.dumps(row), file=sys.stderr, flush=True)
        finally:
            shutil.rmtree(folder)
    command = " ".join(["python", "benchmarks/large_corpus.py", *sys.argv[1:]])
    page = markdown(command, rows, options)
    print(page)
    if options.write:
        results = HERE / "results"
        results.mkdir(exist_ok=True)
        (results / "large_corpus.md").write_text(page)
        record = {"command": command, "commit": commit(), "machine": machine(), "rows": rows}
        (results / "large_corpus.json").write_text(json.dumps(record, indent=2) + "\n")


def main() -> None:
    """Read the command line; `--step` is how the script calls itself."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--millions", type=float, nargs="+", default=[0.5, 1, 2], help="pairs, in millions (to 10)"
    )
    parser.add_argument("--tokens", type=int, default=2048, help="tokens a batch")
    parser.add_argument("--vocabulary", type=int, default=8000, help="symbols of the joint BPE")
    parser.add_argument("--keep-text", action="store_true", help="keep the text, as subword sampling needs")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path, help="where the temporary folder is made")
    parser.add_argument("--no-write", dest="write", action="store_false", help="print the results only")
    parser.add_argument("--step", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.step:
        name, arguments = options.step
        values = [Path(a) if isinstance(a, str) else a for a in json.loads(arguments)]
        print(json.dumps(STEPS[name](*values)))
    else:
        run(options)


if __name__ == "__main__":
    main()
