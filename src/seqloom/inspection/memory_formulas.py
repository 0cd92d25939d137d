"""Bytes that a model takes for one sentence, from its configuration alone, every number as float32.

Kept exactly; the largest tensor and the peak by the terms that count for large models: what stands beside them, such
as masks, gates and states of one position, is left out. Of a decoder all rows of a beam write a symbol at once.
"""

from dataclasses import dataclass

from seqloom.config.model import (
    NO_RECURRENT_WEIGHT,
    TWO_STATES,
    ModelConfig,
    RecurrentDecoderConfig,
    RecurrentEncoderConfig,
    TransformerDecoderConfig,
    TransformerEncoderConfig,
)
from seqloom.inspection.cost_formulas import blocks_of, halved

NUMBER = 4  # bytes of a float32
IDENTITY = 8  # bytes of a symbol's id


@dataclass(frozen=True)
class MemoryUse:
    """Bytes, those of the weights aside.

    encoder_largest  of the largest tensor while the source is read, or a text is read and decided about
    encoder_peak     of all tensors at once then
    decoder_largest, decoder_peak  the same while symbols are written one by one; what is kept counts
    kept             of what a decoder has to remember when all is written: what it keeps of the source, once a
                     sentence, and the keys and values, or the states, of what is written, once a row of the beam
    """

    encoder_largest: int = 0
    encoder_peak: int = 0
    decoder_largest: int = 0
    decoder_peak: int = 0
    kept: int = 0


@dataclass(frozen=True)
class Held:
    """Bytes that are kept, of the largest tensor, and of all at once."""

    kept: int
    largest: int
    peak: int


def pair_memory(config: ModelConfig, source: int, target: int, symbols: int, rows: int) -> MemoryUse:
    """For a source and a target of so many symbols, ends included, written by so many rows of a beam.

    symbols   in the target's vocabulary
    """
    return _together(encoder_held(config, source), decoder_held(config, source, target, symbols, rows))


def speech_memory(
    config: ModelConfig, frames: int, features: int, target: int, symbols: int, rows: int
) -> MemoryUse:
    """For a recording of so many frames of so many features each."""
    heard, left = front_end_held(config, frames, features)
    read = encoder_held(config, left)
    pyramid = config.encoder.pyramid if isinstance(config.encoder, RecurrentEncoderConfig) else 0
    memory = halved(left, pyramid)
    said = 0
    if config.ctc_weight == 1:
        said = NUMBER * memory * (config.memory_width + 2 * symbols)
    largest = max(heard.largest, read.largest, NUMBER * memory * symbols if said else 0)
    whole = Held(0, largest, max(heard.peak, read.peak, said))
    if config.ctc_weight == 1:
        return _together(whole, Held(0, 0, 0))
    return _together(whole, decoder_held(config, memory, target, symbols, rows))


def label_memory(config: ModelConfig, source: int, labels: int, *, pooled: bool) -> MemoryUse:
    """For a text and so many labels, of the whole, or of each position."""
    read = encoder_held(config, source)
    inner = source * (config.pooling_width or config.width) if pooled and config.pooling == "attention" else 0
    said = labels * (1 if pooled else source)
    decided = source * config.memory_width + max(2 * inner, said)
    return _together(
        Held(0, max(read.largest, NUMBER * max(inner, said)), max(read.peak, NUMBER * decided)),
        Held(0, 0, 0),
    )


def text_memory(config: ModelConfig, target: int, symbols: int, window: int | None) -> MemoryUse:
    """For a text of so many symbols, read one by one, of which a Transformer sees a window at once.

    Once the window is full its last half is read again, all at once.
    """
    decoder, width = config.decoder, config.width
    if isinstance(decoder, RecurrentDecoderConfig):
        row = decoder.layers * decoder.hidden * (2 if decoder.cell in TWO_STATES else 1)
        gates = gate_products(decoder, width)
        peak = 3 * row + max(2 * gates, symbols) + width
        return _together(
            Held(0, 0, 0), Held(NUMBER * row, NUMBER * max(gates, symbols, width), NUMBER * peak)
        )
    longest = min(target, window or target)
    again = (window or target) // 2 if longest < target else 0
    left = longest if not again else again + (target - longest - 1) % (longest - again) + 1
    layer = 2 * width * (1 if decoder.autoregression == "ssru" else longest)
    row = decoder.layers * layer
    scores = decoder.heads * max(longest, again * again) if decoder.autoregression == "attention" else 0
    inner = max(again, 1) * decoder.feed_forward
    step = (
        max(2 * scores, inner + symbols)
        + (8 if decoder.autoregression == "ssru" else 4) * max(again, 1) * width
    )
    ids = IDENTITY * left
    kept = row if decoder.autoregression == "ssru" else row * left // longest
    largest = max(layer // 2, scores, inner, symbols, again * width)
    return _together(
        Held(0, 0, 0), Held(NUMBER * kept + ids, NUMBER * largest, NUMBER * (3 * row + step) + 3 * ids)
    )


def _together(read: "Held", written: "Held") -> MemoryUse:
    return MemoryUse(read.largest, read.peak, written.largest, written.peak, written.kept)


def front_end_held(config: ModelConfig, frames: int, features: int) -> tuple[Held, int]:
    """While frames become positions: what a convolution reads and, twice, what it gives; and how many are left."""
    front, maps = config.front_end, frames * features
    largest, peak = maps, maps
    for _ in range(front.convolutions):
        frames, features = halved(frames), halved(features)
        before, maps = maps, frames * features * front.channels
        largest, peak = max(largest, maps), max(peak, before + 2 * maps)
    positions = frames * config.width
    peak = max(peak, 2 * maps + positions)
    return Held(0, NUMBER * max(largest, positions), NUMBER * peak), frames


def encoder_held(config: ModelConfig, source: int) -> Held:
    """While a source is read.

    Of a recurrent layer over S positions the largest is its input, its output in both directions or the products of
    its input with all gates, S B H; at its peak there are, beside what the layers read first of all, its input, that
    again turned round, the output of the other direction, the products, and the states twice, once each by itself
    and once in one. Of a Transformer's layer it is the scores of all heads, h S S, twice at the peak, or the inside of
    the feed-forward network, S F, twice likewise, and beside them what the attention compares and reads, S D each.
    """
    encoder, width = config.encoder, config.width
    first = source * width
    if isinstance(encoder, TransformerEncoderConfig):
        scores, inner = encoder.heads * source * source, source * encoder.feed_forward
        peak = max(2 * scores + 8 * first, 2 * inner + 5 * first)
        return Held(0, NUMBER * max(scores, inner, first), NUMBER * peak)
    largest = peak = first
    inputs, positions = width, source
    for layer in range(encoder.layers):
        if layer >= encoder.layers - encoder.pyramid:
            positions, inputs = halved(positions), 2 * inputs
        products = positions * gate_products(encoder, inputs)
        states = positions * encoder.hidden * (4 if encoder.cell in SCANNED else 2)
        output = positions * config.memory_width
        turned = positions * (inputs + encoder.hidden) if encoder.bidirectional else 0
        below = positions * inputs if layer else 0
        added = output if encoder.residual and layer else 0
        largest = max(largest, positions * inputs, products, output)
        peak = max(peak, first + below + turned + products + states + added)
        inputs = config.memory_width
    return Held(0, NUMBER * largest, NUMBER * peak)


SCANNED = (*TWO_STATES, *NO_RECURRENT_WEIGHT)
"""Cells of which two vectors a position are there at once: a memory beside the output, or a gate beside a candidate."""


def gate_products(part: RecurrentEncoderConfig | RecurrentDecoderConfig, inputs: int) -> int:
    """Numbers that a cell makes of one input, before anything else."""
    return blocks_of(part.cell, inputs, part.hidden) * part.hidden


def decoder_held(config: ModelConfig, source: int, target: int, symbols: int, rows: int) -> Held:
    """While a target is written, a symbol of all rows at a time.

    The states of all rows, or their keys and values, are there three times: as they were, those of the rows that go
    on, and as they are then. The largest beside them are the scores of the vocabulary, what attention compares, and
    the products of an input with all gates or the inside of a feed-forward network.
    """
    decoder = config.decoder
    if isinstance(decoder, TransformerDecoderConfig):
        return _transformer_held(config, decoder, source, target, symbols, rows)
    return _recurrent_held(config, decoder, source, symbols, rows)


def _recurrent_held(
    config: ModelConfig, decoder: RecurrentDecoderConfig, source: int, symbols: int, rows: int
) -> Held:
    memory, hidden = config.memory_width, decoder.hidden
    asked = decoder.attention_width or hidden
    keys = {"additive": asked, "general": hidden, "local": hidden, "multi_head": 2 * memory}
    once = source * (memory + keys.get(decoder.attention, 0)) if decoder.attention != "none" else memory
    row = decoder.layers * hidden * (2 if decoder.cell in TWO_STATES else 1)
    row += config.feature_width if decoder.input_feeding else 0
    row += source if decoder.coverage else 0
    kept = once + rows * row
    compared = {"additive": asked * source, "multi_head": decoder.attention_heads * source}
    scores = rows * compared.get(decoder.attention, 0 if decoder.attention == "none" else source)
    inputs = config.width + (memory if decoder.attention != "none" or decoder.feed_context else 0)
    gates = rows * gate_products(decoder, inputs)
    largest = max(once - source * memory, source * memory, rows * symbols, gates, scores)
    output = rows * symbols * (4 if decoder.copying else 1)  # mixed with what is copied
    step = max((3 if decoder.coverage else 2) * scores, 2 * gates + rows * inputs + output)
    begun = source * memory * (5 if decoder.attention == "multi_head" else 1)
    peak = max(begun, kept + 2 * rows * row + step)
    ids = source * (1 + (IDENTITY if decoder.copying else 0))
    return Held(NUMBER * kept + ids, NUMBER * largest, NUMBER * peak + ids)


def _transformer_held(
    config: ModelConfig,
    decoder: TransformerDecoderConfig,
    source: int,
    target: int,
    symbols: int,
    rows: int,
) -> Held:
    width, memory = config.width, config.memory_width
    once = decoder.layers * 2 * source * width
    past = target * width if decoder.autoregression == "attention" else width
    row = decoder.layers * 2 * past
    if decoder.coverage:
        once, row = once + source * (width + memory), row + source
    if decoder.copying and not decoder.coverage:
        once += source * memory
    kept = once + rows * row
    scores = rows * source * decoder.heads
    covered = rows * source * width if decoder.coverage else 0
    inner = rows * decoder.feed_forward
    largest = max(source * width, source * memory, covered, scores, inner, rows * past, rows * symbols)
    output = rows * symbols * (4 if decoder.copying else 1)  # mixed with what is copied
    step = max(2 * scores, output + inner + 4 * rows * width)
    peak = max(source * memory + once, kept + rows * row + max(rows * row + step, 3 * covered))
    ids = source * (1 + (IDENTITY if decoder.copying else 0))
    return Held(NUMBER * kept + ids, NUMBER * largest, NUMBER * peak + ids)
