"""What a person may have meant: near spellings, names from other toolkits, an option of another table."""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches

from seqloom.config.options import all_options, list_words, options_named

OTHER_KEYS = {
    "batch_size": "training.batch_tokens",
    "beam_size": "search.beam",
    "clip": "training.clip_norm",
    "d_model": "model.width",
    "early_stopping": "training.patience",
    "emb_dim": "model.width",
    "embedding_dim": "model.width",
    "embedding_size": "model.width",
    "epochs": "training.max_epochs",
    "ffn_dim": "feed_forward",
    "grad_clip": "training.clip_norm",
    "gradient_accumulation": "training.accumulate",
    "hidden_dim": "hidden",
    "hidden_size": "hidden",
    "lr": "training.learning_rate",
    "lr_scheduler": "training.schedule",
    "max_len": "data.max_length",
    "max_steps": "training.max_updates",
    "minutes": "training.max_minutes",
    "n_heads": "heads",
    "n_layers": "layers",
    "num_heads": "heads",
    "num_layers": "layers",
    "rnn_size": "hidden",
    "steps": "training.max_updates",
    "tokens": "training.max_tokens",
    "updates": "training.max_updates",
    "vocab_size": "text.vocabulary_size",
    "warmup_steps": "training.warmup_updates",
}
"""Keys of other toolkits; a name without a dot stands for that option of the encoder or the decoder."""

OTHER_WORDS = {
    "bahdanau": ("additive",),
    "bf16": ("bfloat16",),
    "char": ("character",),
    "concat": ("additive",),
    "dot_product": ("dot",),
    "elman": ("recurrent",),
    "fp32": ("float32",),
    "gpu": ("cuda",),
    "gru": ("recurrent",),
    "linear": ("projection",),
    "lstm": ("recurrent",),
    "luong": ("general",),
    "mlp": ("additive",),
    "multiplicative": ("general",),
    "noam": ("inverse_square_root",),
    "rnn": ("elman", "recurrent"),
    "rope": ("rotary",),
    "spm": ("unigram",),
    "subword": ("bpe",),
}
"""Words of other toolkits for a choice."""

NEAR = 0.72  # difflib's ratio: "tokeniser" for "tokenizer" has 0.89, "model" for "mode" 0.89, "cell" for "bell" 0.75


def did_you_mean(found: str, known: Iterable[str]) -> str:
    """Ask `Did you mean "x"?` about the nearest known word, or give "" where none is near."""
    spelled = {_plain(word): word for word in known}
    near = get_close_matches(_plain(found), spelled, n=1, cutoff=NEAR)
    return f'Did you mean "{spelled[near[0]]}"?' if near else ""


def suggest_choice(found: str, choices: Sequence[str]) -> str:
    """Suggest one of the choices for a word that is none of them, or give ""."""
    for other in OTHER_WORDS.get(_plain(found), ()):
        if other in choices:
            return f'Did you mean "{other}"?'
    return did_you_mean(found, choices)


def suggest_key(key: str) -> str:
    """Suggest a key for one that doesn't exist; where nothing is near, name what its table has."""
    parent, _, leaf = key.rpartition(".")
    for candidates in (
        _same_leaf(leaf, parent),
        _other_toolkit(leaf, parent),
        _near(leaf, parent),
        _beginning(leaf, parent),
    ):
        if candidates:
            return f"Did you mean {list_words(candidates)}?"
    table = parent if options_named(parent) else ""
    return f"The options of {table or 'a configuration'} are: {', '.join(_names_in(table))}."


def _plain(word: str) -> str:
    return word.casefold().replace("-", "_").replace(" ", "_")


def _names_in(parent: str) -> list[str]:
    return list(dict.fromkeys(option.leaf for option in all_options() if option.parent == parent))


def _keys_with(leaf: str) -> list[str]:
    return list(dict.fromkeys(option.key for option in all_options() if option.leaf == leaf))


def _below_first(keys: list[str], parent: str) -> list[str]:
    """Prefer the keys within the table in which the person wrote."""
    below = [key for key in keys if parent and key.startswith(parent + ".")]
    return below or keys


def _same_leaf(leaf: str, parent: str) -> list[str]:
    """Find options of exactly this name in other tables."""
    return _below_first(_keys_with(_plain(leaf)), parent)[:3]


def _other_toolkit(leaf: str, parent: str) -> list[str]:
    """Find the option that another toolkit calls so."""
    name = OTHER_KEYS.get(_plain(leaf))
    if name is None or "." in name:
        return [name] if name else []
    return _below_first(_keys_with(name), parent)[:3]


def _near(leaf: str, parent: str) -> list[str]:
    """Find options spelled alike, in the same table first, then anywhere."""
    for names in (_names_in(parent), list(dict.fromkeys(option.leaf for option in all_options()))):
        near = get_close_matches(_plain(leaf), names, n=1, cutoff=NEAR)
        if near:
            here = f"{parent}.{near[0]}" if parent else near[0]
            return [here] if options_named(here) else _below_first(_keys_with(near[0]), parent)[:3]
    return []


def _beginning(leaf: str, parent: str) -> list[str]:
    """Find options of the same table whose first words these are: "warmup" for "warmup_updates"."""
    return [
        f"{parent}.{name}".lstrip(".") for name in _names_in(parent) if name.startswith(f"{_plain(leaf)}_")
    ][:3]
