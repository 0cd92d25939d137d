"""eole's beam search over given batches with seqloom's weights in its own model; prints JSON as search_seqloom.

Its outputs are compared with seqloom's, so that both are known to do the same work. Those of shape B agree only where
a batch has no padding: eole's recurrent encoder reads padding as if it were words, and no setting tells it not to.
"""

import json
import logging
import tempfile
import warnings
from pathlib import Path
from typing import Any

import torch
from driver import peer_output, search_arguments, time_search
from safetensors.torch import load_file, save_file
from shapes import VOCABULARY, TokenBatch, exchanged, load_batches
from torch import Tensor
from weights import EOLE, Weights, peer_weights

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it misses flash attention and CUDA kernels, which a CPU has no use for
    from eole.config.run import PredictConfig
    from eole.models.model import EncoderDecoderModel
    from eole.predict import GNMTGlobalScorer, Translator
    from eole.utils.logging import logger

SPECIALS = {
    "unk_token": "<unk>",
    "pad_token": "<blank>",
    "bos_token": "<s>",
    "eos_token": "</s>",
}  # in its order
MODELS: dict[str, dict[str, Any]] = {
    "A": {
        "architecture": "transformer",
        "layers": 4,
        "hidden_size": 128,
        "transformer_ff": 256,
        "heads": 4,
        "add_qkvbias": True,
        "add_final_linear_bias": True,  # which add_qkvbias implies in the decoder alone
        "add_ffnbias": True,
        "embeddings": {"word_vec_size": 128, "position_encoding_type": "SinusoidalInterleaved"},
        "share_embeddings": True,
        "share_decoder_embeddings": True,
    },
    "B": {
        "architecture": "custom",
        "hidden_size": 512,
        "layers": 1,
        "embeddings": {"word_vec_size": 256, "position_encoding_type": None},
        "encoder": {"encoder_type": "brnn", "rnn_type": "LSTM"},
        "decoder": {"decoder_type": "rnn", "rnn_type": "LSTM", "global_attention": "general"},
        "input_feed": 1,
    },
}


def save_model(shape: str, weights: Weights, folder: Path) -> None:
    """A folder as eole's training leaves it."""
    words = [*SPECIALS.values(), *(f"w{number}" for number in range(VOCABULARY - len(SPECIALS)))]
    vocabulary = {"src": words, "tgt": words, "decoder_start_token": "<s>", "specials": SPECIALS}
    told = {"src_vocab": "", "share_vocab": True, "data": {}, "model": MODELS[shape], "training": {}}
    (folder / "vocab.json").write_text(json.dumps(vocabulary))
    (folder / "config.json").write_text(json.dumps(told))
    save_file(
        {name: tensor.contiguous() for name, tensor in weights.items()}, folder / "model.00.safetensors"
    )


def translator(shape: str, weights: Weights, beam: int, longest: int) -> Translator:
    """As `eole predict` makes it on a CPU. The settings of its search not named here are its defaults."""
    with tempfile.TemporaryDirectory() as name:
        save_model(shape, weights, Path(name))
        told = PredictConfig(
            model_path=name,
            src="",
            beam_size=beam,
            length_penalty="none",
            coverage_penalty="none",
            max_length=longest,
            max_length_ratio=0,
            compute_dtype="fp32",
            self_attn_backend="pytorch",
            fuse_kvq=True,
        )
        model, vocabs, model_config = EncoderDecoderModel.for_inference(told, device_id=-1)
    names = {name for name, _ in model.named_parameters()}
    if amiss := sorted(names ^ set(weights)):
        raise SystemExit(f"In eole's model or among the weights, but not in both: {', '.join(amiss)}.")
    scorer = GNMTGlobalScorer.from_config(told)
    return Translator(model, vocabs, told, model_config, device_id=-1, global_scorer=scorer, logger=logger)


def main() -> None:
    """Search, timed."""
    asked = search_arguments(__doc__).parse_args()
    logging.disable(logging.INFO)
    torch.set_num_threads(asked.threads)
    theirs = peer_weights(asked.shape, load_file(asked.weights), EOLE)
    peer = translator(asked.shape, theirs, asked.beam, asked.longest)

    def prepare(batch: TokenBatch) -> dict[str, Tensor]:
        source = torch.from_numpy(exchanged(batch.source))
        return {"src": source, "srclen": torch.from_numpy(batch.source_lengths)}

    def search(given: dict[str, Tensor]) -> Any:
        return peer.predict_batch(given, False)

    def outputs(found: Any) -> list[list[int]]:
        return [peer_output(hypotheses[0].numpy()) for hypotheses in found["predictions"]]

    time_search(load_batches(asked.batches), prepare, search, outputs)


if __name__ == "__main__":
    main()
