"""Every head of every layer: what their mean is, that rows sum to one, that nothing stays behind."""

import numpy as np
import pytest
import torch

import kinds
from seqloom.data.batch import Batch, collate
from seqloom.inspection.heads import trace_heads
from seqloom.models.seq2seq import Seq2Seq

BATCH = collate([[4, 5, 6, 7]], [[4, 5]])  # five positions of the source, three of the target


def traced(encoder: str, decoder: str) -> tuple[Seq2Seq, list]:
    model = kinds.model_of(encoder, decoder, torch.float64)
    return model, trace_heads(model, lambda: model(BATCH))


@pytest.mark.parametrize("decoder", ["transformer-pre-sinusoidal", "transformer-post-rotary"])
def test_a_transformer_has_three_kinds_of_attention_in_each_layer(decoder: str) -> None:
    _, traces = traced("transformer-pre-sinusoidal", decoder)
    assert [(trace.side, trace.layer) for trace in traces] == [
        *(("encoder", layer) for layer in range(1, len(traces) - 4 + 1)),
        ("decoder", 1),
        ("source", 1),
        ("decoder", 2),
        ("source", 2),
    ]
    shapes = {"encoder": (5, 5), "decoder": (3, 3), "source": (3, 5)}
    for trace in traces:
        assert trace.weights.shape[1:] == shapes[trace.side]
        np.testing.assert_allclose(trace.weights.sum(-1), 1.0, atol=1e-12)
        if trace.side == "decoder":
            assert (trace.weights[:, np.triu_indices(3, 1)[0], np.triu_indices(3, 1)[1]] == 0).all()
    assert traces[-1].label == "decoder, layer 2, looking at the source"


@pytest.mark.parametrize(
    "decoder", ["transformer-pre-sinusoidal", "gru-between-multi_head", "gru-before-multi_head"]
)
def test_the_mean_over_heads_is_the_alignment(decoder: str) -> None:
    model, traces = traced("gru-bi-1", decoder)
    alignment = model(BATCH, alignment=True).alignment
    assert alignment is not None
    np.testing.assert_allclose(traces[-1].mean, alignment[0].detach().numpy(), atol=1e-12)


def test_an_ssru_looks_back_without_attention() -> None:
    _, traces = traced("gru-bi-1", "transformer-pre-ssru")
    assert {trace.side for trace in traces} == {"source"}


def test_without_heads_there_is_nothing() -> None:
    assert traced("gru-bi-1", "gru-between-additive")[1] == []


def test_the_network_gives_what_it_did() -> None:
    model = kinds.model_of("transformer-pre-sinusoidal", "transformer-pre-sinusoidal", torch.float64)
    outputs: list[torch.Tensor] = []

    def run(batch: Batch = BATCH) -> None:
        outputs.append(model(batch).logits)

    run()
    trace_heads(model, run)
    run()
    torch.testing.assert_close(outputs[1], outputs[0])
    assert torch.equal(outputs[2], outputs[0])
    assert all(not part._forward_hooks and not part._forward_pre_hooks for part in model.modules())
