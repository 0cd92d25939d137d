"""seqloom's beam search over given batches with given weights; prints sentences a second and outputs as JSON."""

import torch
from driver import search_arguments, time_search
from safetensors.torch import load_file
from shapes import VOCABULARY, TokenBatch, load_batches
from train_seqloom import configuration

from seqloom.data.batch import Batch
from seqloom.models.build import build_model
from seqloom.search.beam import beam_search
from seqloom.search.hypothesis import Hypothesis
from seqloom.search.options import SearchOptions
from seqloom.training.machine import prepare_machine


@torch.inference_mode()
def main() -> None:
    """Search, timed."""
    asked = search_arguments(__doc__).parse_args()
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

    def prepare(batch: TokenBatch) -> Batch:
        return Batch(torch.from_numpy(batch.source), torch.from_numpy(batch.source_lengths))

    def search(batch: Batch) -> list[list[Hypothesis]]:
        return beam_search(model, model.start(model.encode(batch)), batch.source_lengths, options)

    def outputs(found: list[list[Hypothesis]]) -> list[list[int]]:
        return [list(map(int, hypotheses[0].tokens)) for hypotheses in found]

    time_search(load_batches(asked.batches), prepare, search, outputs)


if __name__ == "__main__":
    main()
