"""One step of a comparison in a process of its own, so that the memory of one model doesn't count for the next.

    python -m seqloom.pipeline.comparing_job JOB.json

JOB.json says what to do, on which run, and where the records go. The process ends when the one that started it does:
it holds the other end of stdin.
"""

import os
import resource
import signal
import sys
import threading
import time
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from seqloom.base.errors import SeqloomError
from seqloom.base.files import read_json, write_json
from seqloom.comparison.records import read_record, write_record
from seqloom.config.model import ModelConfig
from seqloom.config.schema import Config
from seqloom.config.training import TrainingConfig
from seqloom.data.memory_tasks import MEMORY_TASKS
from seqloom.data.pairs import Pair
from seqloom.inspection.memory_span import SpanPlan, measure_span
from seqloom.pipeline.comparing_processes import failure_of
from seqloom.pipeline.inspecting import flows
from seqloom.pipeline.loading import load_as
from seqloom.pipeline.text_model import Model
from seqloom.pipeline.training import train
from seqloom.training.machine import prepare_machine
from seqloom.training.vocabularies import pair_files

Job = Mapping[str, Any]
WARM_UP = 3  # sentences translated before any is timed
LATENCIES = 20  # sentences translated one by one
LARGEST_JOB = 1024**3


def main() -> int:
    """Do the step that the only argument names; what went wrong is left in its file of failures."""
    path = Path(sys.argv[1])
    job = read_json(path, LARGEST_JOB)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches us too; who started us says when to stop
    threading.Thread(target=_end_with_starter, daemon=True).start()
    try:
        JOBS[job["kind"]](job)
    except SeqloomError as error:
        write_json(failure_of(path), {"kind": type(error).__name__, "sentence": str(error)})
        return error.exit_code
    except Exception as error:
        traceback.print_exc()
        write_json(failure_of(path), {"kind": type(error).__name__, "sentence": str(error)})
        return 1
    return 0


def _end_with_starter() -> None:
    """Ask this process to stop once nobody holds the other end of stdin."""
    while os.read(0, 1024):  # not sys.stdin, whose lock would be held when this process ends
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def peak_megabytes(status: Path = Path("/proc/self/status")) -> float:
    """The most memory that this process has held, PyTorch included.

    On Linux by its own high-water mark: what getrusage tells begins at that of the process that started it.
    """
    try:
        line = next(row for row in status.read_text().splitlines() if row.startswith("VmHWM:"))
        return int(line.split()[1]) / 1024
    except (OSError, StopIteration, ValueError):
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak / (1024 * 1024 if sys.platform == "darwin" else 1024)


def do_training(job: Job) -> None:
    """Train a run, or go on with it; keep its peak memory, over all processes that it took."""
    record, key = Path(job["record"]), job["key"]
    before = record.with_suffix(".memory.json")
    earlier = read_record(before, key) or {"megabytes": 0.0}
    try:
        tree = job["config"]
        training = {**tree["training"], "threads": job["threads"]}
        train(Config.model_validate({**tree, "training": training}), Path(job["run"]))
    finally:
        earlier = {"megabytes": max(earlier["megabytes"], peak_megabytes())}
        write_record(before, key, earlier)
    write_record(record, key, earlier)


def do_measurement(job: Job) -> None:
    """Everything that is measured on a trained run: costs first, since what comes after takes more memory."""
    model = load_as(Model, job["run"], "compare", device=job["device"], threads=job["threads"])
    config = Config.model_validate(job["config"])
    pairs = list(pair_files(config, job["part"]).read())[: job["sentences"] or None]
    found: dict[str, Any] = {}
    if "costs" in job["measure"]:
        found["costs"] = costs(model, [pair.source for pair in pairs[: job["timed"]]])
    scores, outputs = model.evaluate(pairs)
    found["scores"] = [
        {"name": score.name, "value": score.value, "signature": score.signature} for score in scores
    ]
    found["outputs"] = outputs
    if "attention" in job["measure"]:
        found["attention"] = attention(model, job["sentence"], job["target"])
    if "gradients" in job["measure"]:
        found["gradients"] = gradients(model, [Pair(*pair) for pair in job["gradients"]])
    write_record(Path(job["record"]), job["key"], found)


def costs(model: Model, sources: Sequence[str]) -> dict[str, float]:
    """Words written a second, in batches; milliseconds for one sentence, the median; megabytes at the most."""
    for source in sources[:WARM_UP]:
        model(source)
    times = []
    for source in sources[:LATENCIES]:
        begun = time.perf_counter()
        model(source)
        times.append(time.perf_counter() - begun)
    begun = time.perf_counter()
    results = model.translate(sources)
    seconds = time.perf_counter() - begun
    words = sum(len(result.text.split()) for result in results)
    return {
        "words_per_second": words / seconds,
        "latency_ms": 1000 * median(times),
        "decoding_megabytes": peak_megabytes(),
    }


def attention(model: Model, sentence: str, target: str | None) -> dict[str, Any] | None:
    """Where it looks over whole words; None for a model that has no attention."""
    if not model.has_attention:
        return None
    written = model(sentence).tokens if target is None else target
    return model.attention(sentence, written, words=True).to_record()


def gradients(model: Model, pairs: Sequence[Pair]) -> dict[str, list[float]]:
    """The norm of the gradient by distance, trained and fresh: the mean over pairs, each relative to distance 1."""
    curves: dict[str, list[np.ndarray[Any, Any]]] = {}
    for pair in pairs:
        for flow in flows(model, pair.source, pair.target):
            norms = flow.by_distance()
            if len(norms) and norms[0] > 0:
                curves.setdefault(flow.label, []).append(norms / norms[0])
    found = {}
    for label, rows in curves.items():
        longest = max(map(len, rows))
        reaching = [[row[place] for row in rows if len(row) > place] for place in range(longest)]
        found[label] = [float(np.mean(values)) for values in reaching]
    return found


def do_spans(job: Job) -> None:
    """Train a shape on memory tasks and ask it, a record for each task and seed that isn't there yet."""
    machine = prepare_machine(TrainingConfig.model_validate(job["training"]))
    for asked in job["spans"]:
        record = Path(asked["record"])
        if read_record(record, asked["key"]) is not None:
            continue
        plan = SpanPlan(
            seen=job["distance"],
            asked=tuple(job["asked"]),
            updates=job["updates"],
        )
        shape = ModelConfig.model_validate(asked["model"])
        task = MEMORY_TASKS[asked["task"]]
        print(f"    {task.name}, seed {asked['seed']}", file=sys.stderr, flush=True)
        begun = time.perf_counter()
        span = measure_span(task, shape, plan, machine, label=job["label"], seed=asked["seed"])
        write_record(record, asked["key"], {**span.to_record(), "seconds": time.perf_counter() - begun})


JOBS = {"training": do_training, "measurement": do_measurement, "spans": do_spans}

if __name__ == "__main__":
    sys.exit(main())
