"""The papers' equations as plain loops over numpy vectors, in float64: what the layers are compared with.

Each takes a layer's parameters by name (`agreement.arrays`), single vectors or lists of them, and no batch, no
padding, no mask: a row is given only what it may see.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Weights = dict[str, NDArray[np.float64]]
State = tuple[Vector, ...]
CellStep = Callable[[Weights, Vector, State], State]


def part(weights: Weights, name: str) -> Weights:
    """The parameters below a name."""
    return {key[len(name) + 1 :]: value for key, value in weights.items() if key.startswith(name + ".")}


def sigmoid(x: Vector) -> Vector:
    return 1 / (1 + np.exp(-x))


def linear(weights: Weights, x: Vector) -> Vector:
    return weights["weight"] @ x + weights.get("bias", 0.0)


# Recurrent cells


def elman(weights: Weights, x: Vector, state: State) -> State:
    """Elman 1990."""
    (h,) = state
    return (
        np.tanh(
            weights["input_weight"] @ x
            + weights["input_bias"]
            + weights["recurrent_weight"] @ h
            + weights["recurrent_bias"]
        ),
    )


def _gate(weights: Weights, number: int, gates: int, x: Vector, h: Vector) -> tuple[Vector, Vector]:
    """W x + b and U h + d of one gate."""
    block = [np.split(weights[name], gates)[number] for name in ("input_weight", "input_bias")]
    recurrent = [np.split(weights[name], gates)[number] for name in ("recurrent_weight", "recurrent_bias")]
    return block[0] @ x + block[1], recurrent[0] @ h + recurrent[1]


def lstm(weights: Weights, x: Vector, state: State) -> State:
    """Hochreiter and Schmidhuber 1997 with the forget gate of Gers et al. 2000."""
    h, c = state
    i = sigmoid(np.add(*_gate(weights, 0, 4, x, h)))
    f = sigmoid(np.add(*_gate(weights, 1, 4, x, h)))
    g = np.tanh(np.add(*_gate(weights, 2, 4, x, h)))
    o = sigmoid(np.add(*_gate(weights, 3, 4, x, h)))
    c = f * c + i * g
    return o * np.tanh(c), c


def gru(weights: Weights, x: Vector, state: State) -> State:
    """Cho et al. 2014, the reset gate after the recurrent product, z the share that is kept."""
    (h,) = state
    r = sigmoid(np.add(*_gate(weights, 0, 3, x, h)))
    z = sigmoid(np.add(*_gate(weights, 1, 3, x, h)))
    read, remembered = _gate(weights, 2, 3, x, h)
    n = np.tanh(read + r * remembered)
    return ((1 - z) * n + z * h,)


def elman_relu(weights: Weights, x: Vector, state: State) -> State:
    """Le et al. 2015."""
    read, remembered = _gate(weights, 0, 1, x, state[0])
    return (np.maximum(read + remembered, 0),)


def gru_reset_before(weights: Weights, x: Vector, state: State) -> State:
    """Cho et al. 2014, equations 5 to 8."""
    (h,) = state
    r = sigmoid(np.add(*_gate(weights, 0, 3, x, h)))
    z = sigmoid(np.add(*_gate(weights, 1, 3, x, h)))
    n = np.tanh(np.add(*_gate(weights, 2, 3, x, r * h)))
    return ((1 - z) * n + z * h,)


def _normalised(x: Vector, weight: Vector, bias: Vector | float = 0.0) -> Vector:
    return weight * (x - x.mean()) / np.sqrt(x.var() + 1e-5) + bias


def lstm_layer_norm(weights: Weights, x: Vector, state: State) -> State:
    """Ba et al. 2016, equations 20 to 22."""
    h, c = state
    gates = (
        _normalised(weights["input_weight"] @ x, weights["input_norm.weight"])
        + _normalised(weights["recurrent_weight"] @ h, weights["recurrent_norm.weight"])
        + weights["input_bias"]
        + weights["recurrent_bias"]
    )
    i, f, g, o = np.split(gates, 4)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    shown = _normalised(c, weights["memory_norm.weight"], weights["memory_norm.bias"])
    return sigmoid(o) * np.tanh(shown), c


def sru(weights: Weights, x: Vector, state: State) -> State:
    """Lei et al. 2018, equations 1 to 4, and the correction alpha of section 3.2 for a bias that starts at 0."""
    _, c = state
    hidden = len(c)
    products = np.split(weights["input_weight"] @ x, len(weights["input_weight"]) // hidden)
    highway = products[3] if len(products) == 4 else np.sqrt(1 + 2 * np.exp(0.0)) * x
    (forget_view, reset_view), (forget_bias, reset_bias) = (
        np.split(weights[name], 2) for name in ("view_weight", "gate_bias")
    )
    f = sigmoid(products[1] + forget_view * c + forget_bias)
    r = sigmoid(products[2] + reset_view * c + reset_bias)
    after = f * c + (1 - f) * products[0]
    return r * after + (1 - r) * highway, after


def ssru(weights: Weights, x: Vector, state: State) -> State:
    """Kim et al. 2019, section 3.2."""
    _, c = state
    forget, candidate = np.split(weights["input_weight"] @ x, 2)
    f = sigmoid(forget + weights["input_bias"])
    c = f * c + (1 - f) * candidate
    return np.maximum(c, 0), c


def min_gru(weights: Weights, x: Vector, state: State) -> State:
    """Feng et al. 2024, section 3.1."""
    update, candidate = np.split(weights["input_weight"] @ x + weights["input_bias"], 2)
    z = sigmoid(update)
    return ((1 - z) * state[0] + z * candidate,)


def min_lstm(weights: Weights, x: Vector, state: State) -> State:
    """Feng et al. 2024, section 3.2."""
    forget, read, candidate = np.split(weights["input_weight"] @ x + weights["input_bias"], 3)
    f, i = sigmoid(forget), sigmoid(read)
    return (f / (f + i) * state[0] + i / (f + i) * candidate,)


CELLS: dict[str, CellStep] = {
    "elman": elman,
    "elman_relu": elman_relu,
    "lstm": lstm,
    "lstm_layer_norm": lstm_layer_norm,
    "gru": gru,
    "gru_reset_before": gru_reset_before,
    "sru": sru,
    "ssru": ssru,
    "min_gru": min_gru,
    "min_lstm": min_lstm,
}
STATE_TENSORS = dict.fromkeys(CELLS, 1) | dict.fromkeys(("lstm", "lstm_layer_norm", "sru", "ssru"), 2)
SHOWN_AT_FIRST: dict[str, Callable[[Vector], Vector]] = {  # h of a c that no step has read yet
    "sru": lambda memory: memory,
    "ssru": lambda memory: np.maximum(memory, 0),
}


def run(cell: str, weights: Weights, xs: Sequence[Vector], state: State) -> tuple[list[Vector], State]:
    """A cell over a sequence: every output, and the state after the last."""
    outputs = []
    for x in xs:
        state = CELLS[cell](weights, x, state)
        outputs.append(state[0])
    return outputs, state


def zeros(cell: str, hidden: int) -> State:
    return tuple(np.zeros(hidden) for _ in range(STATE_TENSORS[cell]))


def run_both_ways(
    cell: str, forward: Weights, backward: Weights, xs: Sequence[Vector], hidden: int
) -> tuple[list[Vector], State]:
    """Schuster and Paliwal 1997: outputs joined at each position, states joined at both ends."""
    there, last = run(cell, forward, xs, zeros(cell, hidden))
    back, first = run(cell, backward, xs[::-1], zeros(cell, hidden))
    outputs = [np.concatenate(pair) for pair in zip(there, back[::-1], strict=True)]
    return outputs, tuple(np.concatenate(pair) for pair in zip(last, first, strict=True))


# Attention


def dot_score(weights: Weights, query: Vector, key: Vector) -> float:  # noqa: ARG001 - has no weights
    """Luong et al. 2015, equation 8, dot."""
    return float(query @ key)


def general_score(weights: Weights, query: Vector, key: Vector) -> float:
    """Luong et al. 2015, equation 8, general."""
    return float(query @ weights["key_weight"] @ key)


def additive_score(weights: Weights, query: Vector, key: Vector) -> float:
    """Bahdanau et al. 2015, A.1.2."""
    inner = linear(part(weights, "query_layer"), query) + linear(part(weights, "key_layer"), key)
    return float(weights["score_vector"] @ np.tanh(inner))


SCORES = {"dot": dot_score, "general": general_score, "additive": additive_score}


def softmax(scores: Sequence[float]) -> Vector:
    powers: Vector = np.exp(np.array(scores))
    return powers / sum(powers)


def attend(kind: str, weights: Weights, query: Vector, memory: Sequence[Vector]) -> tuple[Vector, Vector]:
    """The context vector and how much each position of the memory gave to it."""
    alignment = softmax([SCORES[kind](weights, query, key) for key in memory])
    return sum(share * vector for share, vector in zip(alignment, memory, strict=True)), alignment


def covered_score(weights: Weights, query: Vector, key: Vector, coverage: float) -> float:
    """See et al. 2017, equation 11."""
    inner = linear(part(weights, "query_layer"), query) + linear(part(weights, "key_layer"), key)
    inner = inner + weights["coverage_layer.weight"][:, 0] * coverage
    return float(weights["score_vector"] @ np.tanh(inner))


def attend_covered(
    weights: Weights, query: Vector, memory: Sequence[Vector], coverage: Sequence[float]
) -> tuple[Vector, Vector]:
    """The same, by scores that know the sum of the alignments before."""
    scores = [covered_score(weights, query, key, seen) for key, seen in zip(memory, coverage, strict=True)]
    alignment = softmax(scores)
    return sum(share * vector for share, vector in zip(alignment, memory, strict=True)), alignment


# Transformer


def sinusoid(position: int, column: int, width: int) -> float:
    """Vaswani et al. 2017, section 3.5."""
    angle = position / 10_000 ** (2 * (column // 2) / width)
    return float(np.sin(angle) if column % 2 == 0 else np.cos(angle))


def turn(vector: Vector, position: int) -> Vector:
    """Su et al. 2021: elements i and i + K/2 are a complex number, turned by the position times its rate."""
    half = len(vector) // 2
    rates = np.array([10_000.0 ** (-2 * i / len(vector)) for i in range(half)])
    turned = (vector[:half] + 1j * vector[half:]) * np.exp(1j * position * rates)
    return np.concatenate([turned.real, turned.imag])


def multi_head(
    weights: Weights,
    heads: int,
    queries: Sequence[Vector],
    memory: Sequence[Vector],
    *,
    causal: bool = False,
    rotary: bool = False,
) -> tuple[list[Vector], NDArray[np.float64]]:
    """Vaswani et al. 2017, section 3.2.2: outputs of every position, alignment (H, T, S)."""
    size = weights["query_layer.weight"].shape[0] // heads
    outputs = []
    alignment = np.zeros((heads, len(queries), len(memory)))
    for at, asking in enumerate(queries):
        read = []
        for head in range(heads):
            rows = slice(head * size, (head + 1) * size)
            seen = range(at + 1 if causal else len(memory))
            query = linear(part(weights, "query_layer"), asking)[rows]
            keys = [linear(part(weights, "key_layer"), memory[place])[rows] for place in seen]
            if rotary:
                query, keys = turn(query, at), [turn(key, place) for place, key in enumerate(keys)]
            shares = softmax([query @ key / np.sqrt(size) for key in keys])
            alignment[head, at, : len(shares)] = shares
            read.append(
                sum(
                    share * linear(part(weights, "value_layer"), memory[place])[rows]
                    for share, place in zip(shares, seen, strict=True)
                )
            )
        outputs.append(linear(part(weights, "output_layer"), np.concatenate(read)))
    return outputs, alignment


def layer_norm(weights: Weights, x: Vector) -> Vector:
    """Ba et al. 2016, with the epsilon that everyone uses."""
    deviation = x - x.mean()
    normal: Vector = deviation / np.sqrt((deviation**2).mean() + 1e-5)
    return normal * weights["weight"] + weights["bias"]


def feed_forward(weights: Weights, x: Vector) -> Vector:
    """Vaswani et al. 2017, equation 2."""
    return linear(part(weights, "outer_layer"), np.maximum(0.0, linear(part(weights, "inner_layer"), x)))


def around(
    weights: Weights, norm: str, xs: Sequence[Vector], inside: Callable[[list[Vector]], list[Vector]]
) -> list[Vector]:
    """post: norm(x + inside(x)), Vaswani et al. 2017; pre: x + inside(norm(x)), Xiong et al. 2020."""
    if norm == "pre":
        return [x + y for x, y in zip(xs, inside([layer_norm(weights, x) for x in xs]), strict=True)]
    return [layer_norm(weights, x + y) for x, y in zip(xs, inside(list(xs)), strict=True)]


def encoder_layer(
    weights: Weights, xs: Sequence[Vector], *, heads: int, norm: str, rotary: bool
) -> list[Vector]:
    """Self-attention, then the feed-forward part."""
    attention = part(weights, "self_attention")
    xs = around(
        part(weights, "around_attention.norm"),
        norm,
        xs,
        lambda read: multi_head(attention, heads, read, read, rotary=rotary)[0],
    )
    inner = part(weights, "feed_forward")
    return around(
        part(weights, "around_feed_forward.norm"),
        norm,
        xs,
        lambda read: [feed_forward(inner, x) for x in read],
    )


def decoder_layer(
    weights: Weights, xs: Sequence[Vector], memory: Sequence[Vector], *, heads: int, norm: str, rotary: bool
) -> tuple[list[Vector], NDArray[np.float64]]:
    """Causal self-attention, attention over the source, the feed-forward part; and the source alignment.

    Where there is a recurrence, an SSRU, it stands for self-attention (Kim et al. 2019).
    """
    own, recurrence, source, inner = (
        part(weights, name) for name in ("self_attention", "recurrence", "source_attention", "feed_forward")
    )
    seen = []

    def look_back(read: list[Vector]) -> list[Vector]:
        if recurrence:
            return run("ssru", recurrence, read, zeros("ssru", len(read[0])))[0]
        return multi_head(own, heads, read, read, causal=True, rotary=rotary)[0]

    def over_source(read: list[Vector]) -> list[Vector]:
        outputs, alignment = multi_head(source, heads, read, memory)
        seen.append(alignment)
        return outputs

    xs = around(part(weights, "around_self.norm"), norm, xs, look_back)
    xs = around(part(weights, "around_source.norm"), norm, xs, over_source)
    xs = around(
        part(weights, "around_feed_forward.norm"),
        norm,
        xs,
        lambda read: [feed_forward(inner, x) for x in read],
    )
    return xs, seen[0]


def causal_layer(
    weights: Weights, xs: Sequence[Vector], *, heads: int, norm: str, rotary: bool
) -> list[Vector]:
    """Causal self-attention, or an SSRU in its place, and the feed-forward part: a decoder's layer without a source."""
    own, recurrence, inner = (
        part(weights, name) for name in ("self_attention", "recurrence", "feed_forward")
    )

    def look_back(read: list[Vector]) -> list[Vector]:
        if recurrence:
            return run("ssru", recurrence, read, zeros("ssru", len(read[0])))[0]
        return multi_head(own, heads, read, read, causal=True, rotary=rotary)[0]

    xs = around(part(weights, "around_self.norm"), norm, xs, look_back)
    return around(
        part(weights, "around_feed_forward.norm"),
        norm,
        xs,
        lambda read: [feed_forward(inner, x) for x in read],
    )


def mixture(
    vocabulary: Vector, written: float, alignment: Vector, copied: Sequence[int], symbols: int
) -> Vector:
    """See et al. 2017, equation 9: P(w) = p P_vocab(w) + (1 - p) sum of the alignment where w stands.

    vocabulary  P_vocab; written  p
    """
    probabilities = np.zeros(symbols)
    for symbol, probability in enumerate(vocabulary):
        probabilities[symbol] += written * probability
    for share, symbol in zip(alignment, copied, strict=True):
        probabilities[symbol] += (1 - written) * share
    return probabilities
