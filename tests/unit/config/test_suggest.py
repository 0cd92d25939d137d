"""What a person may have meant."""

import pytest

from seqloom.config.options import all_options, options_named
from seqloom.config.suggest import OTHER_KEYS, OTHER_WORDS, did_you_mean, suggest_choice, suggest_key


@pytest.mark.parametrize(
    ("key", "suggestion"),
    [
        ("model.heads", "Did you mean model.encoder.heads or model.decoder.heads?"),
        ("heads", "Did you mean model.encoder.heads or model.decoder.heads?"),
        ("encoder", "Did you mean model.encoder?"),
        ("beam", "Did you mean search.beam?"),
        ("model.Width", "Did you mean model.width?"),
        ("model.tie-output", "Did you mean model.tie_output?"),
        ("modle", "Did you mean model?"),
        ("trainig", "Did you mean training?"),
        ("text.tokeniser", "Did you mean text.tokenizer?"),
        ("training.optimizer", "Did you mean training.optimiser?"),
        ("model.learning_rat", "Did you mean training.learning_rate?"),
        ("model.encoder.num_layers", "Did you mean model.encoder.layers?"),
        ("num_layers", "Did you mean model.encoder.layers or model.decoder.layers?"),
        ("training.lr", "Did you mean training.learning_rate?"),
        ("training.epochs", "Did you mean training.max_epochs?"),
        ("model.encoder.input_feeding", "Did you mean model.decoder.input_feeding?"),
        ("training.warmup", "Did you mean training.warmup_updates?"),
        ("training.batch", "Did you mean training.batch_tokens?"),
        ("training.risk", "Did you mean training.risk_share, training.risk_samples or training.risk_sharpness?"),
        ("search.qqq", "The options of search are: beam, length_penalty, coverage_penalty, n_best, "
         "max_length_factor, max_length_extra, min_length, no_repeat_ngram, allow_unknown, batch_sentences."),
        ("qqq", "The options of a configuration are: task, preset, seed, data, text, model, training, search."),
        ("a.b", "The options of a configuration are: task, preset, seed, data, text, model, training, search."),
    ],
)  # fmt: skip
def test_keys(key, suggestion):
    assert suggest_key(key) == suggestion


@pytest.mark.parametrize(
    ("word", "choices", "suggestion"),
    [
        ("AdamW", ("adamw", "adam", "sgd"), 'Did you mean "adamw"?'),
        ("rnn", ("elman", "lstm", "gru"), 'Did you mean "elman"?'),
        ("rnn", ("recurrent", "transformer"), 'Did you mean "recurrent"?'),
        ("lstm", ("recurrent", "transformer"), 'Did you mean "recurrent"?'),
        ("gpu", ("auto", "cpu", "cuda"), 'Did you mean "cuda"?'),
        ("inverse-square-root", ("inverse_square_root", "cosine"), 'Did you mean "inverse_square_root"?'),
        ("qqq", ("auto", "cpu", "cuda"), ""),
    ],
)
def test_choices(word, choices, suggestion):
    assert suggest_choice(word, choices) == suggestion


def test_names_of_other_toolkits_lead_to_real_options():
    leaves = {option.leaf for option in all_options()}
    assert [name for name in OTHER_KEYS.values() if not (options_named(name) or name in leaves)] == []
    assert [name for name in OTHER_KEYS if name in leaves] == []
    choices = {choice for option in all_options() for choice in option.choices}
    assert [words for words in OTHER_WORDS.values() if not set(words) <= choices] == []


def test_nothing_near_is_nothing():
    assert did_you_mean("zzz", ["model", "text"]) == ""
