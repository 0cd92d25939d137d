"""Multiplications that a model makes for one sentence, from its configuration alone.

A matrix of I x O costs I O multiply-adds for each vector; comparing a query of width D with S keys costs S D, and so
does the mean of S values. Sums, gates and normalisation are left out: they are few beside these.
"""

from dataclasses import dataclass

from seqloom.config.model import (
    MEMORY_ALONE,
    NO_RECURRENT_WEIGHT,
    TWO_STATES,
    ModelConfig,
    RecurrentDecoderConfig,
    RecurrentEncoderConfig,
    TransformerDecoderConfig,
)

BLOCKS = {  # matrices over the input that are stacked in a cell
    "elman": 1,
    "elman_relu": 1,
    "lstm": 4,
    "lstm_layer_norm": 4,
    "gru": 3,
    "gru_reset_before": 3,
    "sru": 3,
    "ssru": 2,
    "min_gru": 2,
    "min_lstm": 3,
}


@dataclass(frozen=True)
class Products:
    """Multiply-adds for a sentence.

    encoder  reading the source          start    what the decoder prepares of it, once
    decoder  writing the target          output   scores of all symbols, at each position of the target
    """

    encoder: int
    start: int
    decoder: int
    output: int


def products(config: ModelConfig, source: int, target: int, symbols: int) -> Products:
    """For a source and a target of so many symbols, ends included, and so many symbols in the target's vocabulary."""
    rank = config.embedding_rank
    widening = config.width * rank if rank else 0
    return Products(
        encoder=source * widening + encoder_products(config, source),
        start=start_products(config, source),
        decoder=target * widening + decoder_products(config, source, target),
        output=target * output_products(config, symbols),
    )


def cell_products(cell: str, inputs: int, hidden: int) -> int:
    """One step of a cell."""
    blocks = blocks_of(cell, inputs, hidden)
    recurrent = 0 if cell in NO_RECURRENT_WEIGHT else blocks * hidden * hidden
    return blocks * inputs * hidden + recurrent


def blocks_of(cell: str, inputs: int, hidden: int) -> int:
    """Matrices over the input of a cell."""
    return BLOCKS[cell] + (cell == "sru" and inputs != hidden)  # its highway is made as wide


def encoder_products(config: ModelConfig, source: int) -> int:
    """Over a source, embeddings left out."""
    encoder = config.encoder
    if isinstance(encoder, RecurrentEncoderConfig):
        directions = 2 if encoder.bidirectional else 1
        total, inputs = 0, config.width
        for layer in range(encoder.layers):
            if layer >= encoder.layers - encoder.pyramid:
                source, inputs = halved(source), 2 * inputs
            total += source * directions * cell_products(encoder.cell, inputs, encoder.hidden)
            inputs = config.memory_width
        return total
    attention = source * 4 * config.width**2 + 2 * source * source * config.width
    return encoder.layers * (attention + source * 2 * config.width * encoder.feed_forward)


def halved(positions: int, times: int = 1) -> int:
    """Positions that are left where two become one, so many times."""
    return -(-positions // 2**times)


def heard_products(config: ModelConfig, frames: int, features: int) -> int:
    """What stands between frames of sound and the encoder: convolutions of 3 x 3 with a stride of 2, a linear map."""
    front, total, maps = config.front_end, 0, 1
    for _ in range(front.convolutions):
        frames, features = halved(frames), halved(features)
        total += frames * features * 9 * maps * front.channels
        maps = front.channels
    return total + frames * features * maps * config.width


def speech_products(config: ModelConfig, frames: int, features: int, target: int, symbols: int) -> Products:
    """For a recording of so many frames of so many features each. What CTC says of it counts to `start`."""
    left = halved(frames, config.front_end.convolutions)
    pyramid = config.encoder.pyramid if isinstance(config.encoder, RecurrentEncoderConfig) else 0
    memory = halved(left, pyramid)
    encoder = heard_products(config, frames, features) + encoder_products(config, left)
    ctc = memory * config.memory_width * symbols if config.ctc_weight else 0
    if config.ctc_weight == 1:
        return Products(encoder, ctc, 0, 0)
    written = products(config, memory, target, symbols)
    return Products(encoder, written.start + ctc, written.decoder, written.output)


def label_products(config: ModelConfig, source: int, labels: int, *, pooled: bool) -> Products:
    """For a text and so many labels, of the whole, or of each position."""
    read, width = products(config, source, 0, 0).encoder, config.memory_width
    pooling = 0
    if pooled and config.pooling == "attention":
        inner = config.pooling_width or config.width
        pooling = source * (width * inner + inner + width)
    return Products(read, 0, pooling, (1 if pooled else source) * width * labels)


def text_products(config: ModelConfig, target: int, symbols: int, window: int | None) -> Products:
    """For a text of so many symbols, of which a Transformer sees a window at once."""
    rank, width, decoder = config.embedding_rank, config.width, config.decoder
    output = target * output_products(config, symbols)
    widening = width * rank if rank else 0
    if isinstance(decoder, RecurrentDecoderConfig):
        cells = cell_products(decoder.cell, width, decoder.hidden)
        cells += (decoder.layers - 1) * cell_products(decoder.cell, decoder.hidden, decoder.hidden)
        readout = decoder.hidden * config.feature_width if decoder.hidden != config.feature_width else 0
        return Products(0, 0, target * (widening + cells + readout), output)
    total, done, kept = 0, 0, (window or 0) // 2
    pieces = []  # symbols read in one go, and those in the window by then
    while done < target:
        again = kept if done else 0
        further = min(target - done, (window or target) - again)
        pieces += [(again, again)] if again else []
        pieces.append((further, again + further))
        done += further
    for read, seen in pieces:
        back = 2 * width**2 if decoder.autoregression == "ssru" else 4 * width**2 + 2 * seen * width
        total += read * (widening + decoder.layers * (back + 2 * width * decoder.feed_forward))
    return Products(0, 0, total, output)


def start_products(config: ModelConfig, source: int) -> int:
    """Before the first symbol is written: keys and values of the source, the bridge."""
    decoder, memory = config.decoder, config.memory_width
    if isinstance(decoder, TransformerDecoderConfig):
        covered = (
            memory * config.width if decoder.coverage else 0
        )  # the keys of the attention above the layers
        return source * (decoder.layers * 2 * memory * config.width + covered)
    states = 2 if decoder.cell in TWO_STATES and decoder.cell not in MEMORY_ALONE else 1
    bridge = decoder.layers * states * memory * decoder.hidden if decoder.bridge == "projection" else 0
    keys = {
        "additive": memory * (decoder.attention_width or decoder.hidden),
        "general": memory * decoder.hidden,
        "local": memory * decoder.hidden,
        "multi_head": 2 * memory * memory,
    }
    return bridge + source * keys.get(decoder.attention, 0)


def decoder_products(config: ModelConfig, source: int, target: int) -> int:
    """Over a target, teacher-forced, embeddings left out."""
    decoder, width, memory = config.decoder, config.width, config.memory_width
    switch = memory + config.feature_width + width + source * memory  # and the context it reads
    copying = target * switch if decoder.copying else 0
    if isinstance(decoder, TransformerDecoderConfig):
        back = 4 * width**2 + 2 * target * width
        if decoder.autoregression == "ssru":
            back = 2 * width**2
        across = 2 * width**2 + 2 * source * width
        covered = 0
        if decoder.coverage:  # query, what was covered, scores, context, and what is made of it
            covered = width * width + 2 * source * width + source * memory + memory * width
        layer = back + across + 2 * width * decoder.feed_forward
        return copying + target * (decoder.layers * layer + covered)
    hidden = decoder.hidden
    context = memory if decoder.attention != "none" or decoder.feed_context else 0
    first, later = width, hidden
    readout = hidden + context
    if decoder.attention == "none" or decoder.placement == "before":
        first += context
        readout += width if decoder.attention != "none" else 0
    elif decoder.placement == "after":
        first += config.feature_width if decoder.input_feeding else 0
    cells = cell_products(decoder.cell, first, hidden)
    for layer in range(1, decoder.layers):
        wider = memory if layer == 1 and decoder.attends_between else 0
        cells += cell_products(decoder.cell, later + wider, hidden)
    read = attention_products(decoder, memory, source)
    return copying + target * (cells + read + readout * config.feature_width)


def attention_products(decoder: RecurrentDecoderConfig, memory: int, source: int) -> int:
    """One query of a recurrent decoder and the context it reads."""
    query, width = decoder.hidden, decoder.attention_width or decoder.hidden
    match decoder.attention:
        case "none":
            return 0
        case "additive":
            covered = source * width if decoder.coverage else 0
            scores = query * width + covered + source * width
        case "multi_head":
            scores = query * memory + memory * memory + source * memory
        case "location":
            scores = query * min(source, decoder.attention_positions)
        case "local":
            scores = query * query + query + source * query
        case _:
            scores = source * query
    return scores + source * memory


def output_products(config: ModelConfig, symbols: int) -> int:
    """The scores of one position."""
    if config.tie_output and config.embedding_rank:
        return config.embedding_rank * (config.width + symbols)
    return symbols * config.feature_width
