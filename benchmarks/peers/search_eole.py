"""eole's beam search over given batches with seqloom's weights in its own model; prints JSON as search_seqloom.

Its outputs are compared with seqloom's, so that both are known to do the same work. Those of shape B agree only where
a batch has no padding: eole's recurrent encoder reads padding as if it were words, and no setting tells it not to.
"""

import argparse
import json
import logging
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from shapes import PAD, VOCABULARY, load_batches
from torch import Tensor

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it misses flash attention and CUDA kernels, which a CPU has no use for
    from eole.config.run import PredictConfig
    from eole.models.model import EncoderDecoderModel
    from eole.predict import GNMTGlobalScorer, Translator
    from eole.utils.logging import logger

Weights = dict[str, Tensor]

PEER_UNK, PEER_PAD, PEER_END = 0, 1, 3
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


def exchanged(ids: Tensor) -> Tensor:
    """Ids of seqloom as those of eole, or the other way round: padding and the unknown symbol change places."""
    return torch.where(ids == PAD, PEER_PAD, torch.where(ids == PEER_PAD, PEER_UNK, ids))


def rows(table: Tensor) -> Tensor:
    """A table by symbols, padding and the unknown symbol exchanged."""
    return table[exchanged(torch.arange(len(table)))]


def recurrent(ours: Weights) -> Weights:
    """Shape B's weights by its names."""
    theirs = {"generator.weight": rows(ours["output.table"]), "generator.bias": rows(ours["output.bias"])}
    for side, theirs_side in (("source", "src"), ("target", "tgt")):
        table = ours[f"{side}.embedding.table"]  # seqloom scales what it reads, eole doesn't here
        theirs[f"{theirs_side}_emb.embeddings.weight"] = rows(table) * table.shape[1] ** 0.5
    kinds = {
        "input_weight": "weight_ih",
        "recurrent_weight": "weight_hh",
        "input_bias": "bias_ih",
        "recurrent_bias": "bias_hh",
    }
    for kind, its in kinds.items():
        theirs[f"encoder.rnn.{its}_l0"] = ours[f"encoder.layers.0.forward_cell.{kind}"]
        theirs[f"encoder.rnn.{its}_l0_reverse"] = ours[f"encoder.layers.0.backward_cell.{kind}"]
        theirs[f"decoder.rnn.layers.0.{its}"] = ours[f"decoder.stack.cells.0.{kind}"]
    theirs["decoder.attn.linear_in.weight"] = ours["decoder.attention.key_weight"].T
    state, context = ours["decoder.readout.layer.weight"].chunk(2, dim=1)
    theirs["decoder.attn.linear_out.weight"] = torch.cat([context, state], dim=1)
    return theirs


def transformer(ours: Weights) -> Weights:
    """Shape A's weights by its names; tied tables are named once, by the source's embeddings."""
    theirs = {
        "src_emb.embeddings.weight": rows(ours["source.embedding.table"]),
        "generator.bias": rows(ours["output.bias"]),
    }
    for side in ("encoder", "decoder"):
        for kind in ("weight", "bias"):
            theirs[f"{side}.layer_norm.{kind}"] = ours[f"{side}.last_norm.{kind}"]
    parts = {
        "encoder": {
            "self_attention": "self_attn",
            "feed_forward": "mlp",
            "around_attention.norm": "input_layernorm",
            "around_feed_forward.norm": "post_attention_layernorm",
        },
        "decoder": {
            "self_attention": "self_attn",
            "source_attention": "context_attn",
            "feed_forward": "mlp",
            "around_self.norm": "input_layernorm",
            "around_source.norm": "precontext_layernorm",
            "around_feed_forward.norm": "post_attention_layernorm",
        },
    }
    layers = {
        "query_layer": "linear_query",
        "key_layer": "linear_keys",
        "value_layer": "linear_values",
        "output_layer": "final_linear",
        "inner_layer": "gate_up_proj",
        "outer_layer": "down_proj",
    }
    for name, tensor in ours.items():
        side, _, rest = name.partition(".layers.")
        if not rest or side not in parts:
            continue
        number, _, inner = rest.partition(".")
        part = next(part for part in parts[side] if inner.startswith(part + "."))
        layer, _, kind = inner.removeprefix(part + ".").rpartition(".")
        place = f"{side}.transformer_layers.{number}.{parts[side][part]}"
        theirs[f"{place}.{layers[layer]}.{kind}" if layer else f"{place}.{kind}"] = tensor
    return theirs


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
    """Search, a little to warm up and then timed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("shape", choices=sorted(MODELS))
    parser.add_argument("weights", type=Path)
    parser.add_argument("batches", type=Path)
    parser.add_argument("--beam", type=int, default=5)
    parser.add_argument("--longest", type=int, default=60)
    parser.add_argument("--threads", type=int, default=2)
    asked = parser.parse_args()
    logging.disable(logging.INFO)
    torch.set_num_threads(asked.threads)
    ours = load_file(asked.weights)
    theirs = recurrent(ours) if asked.shape == "B" else transformer(ours)
    search = translator(asked.shape, theirs, asked.beam, asked.longest)
    outputs: list[list[int]] = []
    seconds = 0.0
    batches = load_batches(asked.batches)
    for timed in (False, True):
        for batch in batches if timed else batches[:4]:
            source = exchanged(torch.from_numpy(batch.source))
            given = {"src": source, "srclen": torch.from_numpy(batch.source_lengths)}
            started = time.perf_counter()
            found = search.predict_batch(given, False)
            seconds += (time.perf_counter() - started) * timed
            if timed:
                best = [exchanged(hypotheses[0]).tolist() for hypotheses in found["predictions"]]
                outputs += [[token for token in tokens if token != PEER_END] for tokens in best]
    print(json.dumps({"sentences_per_second": len(outputs) / seconds, "outputs": outputs}))


if __name__ == "__main__":
    main()
