"""seqloom's beam search over given batches with given weights; prints sentences a second and outputs as JSON."""

import argparse
import json
import time
from pathlib import Path

import torch
from safetensors.torch import load_file
from shapes import VOCABULARY, load_batches
from train_seqloom import configuration

from seqloom.data.batch import Batch
from seqloom.models.build import build_model
from seqloom.search.beam import beam_search
from seqloom.search.options import SearchOptions
from seqloom.training.machine import prepare_machine


@torch.inference_mode()
def main() -> None:
    """Search, once to warm up and once timed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("shape")
    parser.add_argument("weights", type=Path)
    parser.add_argument("batches", type=Path)
    parser.add_argument("--beam", type=int, default=5)
    parser.add_argument("--longest", type=int, default=60)
    parser.add_argument("--threads", type=int, default=2)
    asked = parser.parse_args()
    config = configuration(asked.shape, "float32", asked.threads)
    prepare_machine(config.training)
    model = build_model(config.model, VOCABULARY, VOCABULARY).eval()
    model.load_state_dict(load_file(asked.weights))
    model.lay_out_for_search()  # as every finished model is
    options = SearchOptions(
        beam=asked.beam,
        n_best=1,
        length_penalty=0.0,
        coverage_penalty=0.0,
        max_length=asked.longest,
        max_length_factor=1000.0,  # no other cap, as in the peers
    )
    batches = load_batches(asked.batches)
    ready = [Batch(torch.from_numpy(b.source), torch.from_numpy(b.source_lengths)) for b in batches]
    outputs: list[list[int]] = []
    seconds = 0.0
    for timed in (False, True):
        for batch in ready if timed else ready[:4]:
            started = time.perf_counter()
            found = beam_search(model, model.start(model.encode(batch)), batch.source_lengths, options)
            seconds += (time.perf_counter() - started) * timed
            if timed:
                outputs += [list(map(int, hypotheses[0].tokens)) for hypotheses in found]
    print(json.dumps({"sentences_per_second": len(outputs) / seconds, "outputs": outputs}))


if __name__ == "__main__":
    main()
