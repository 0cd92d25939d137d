"""Each fault of a configuration, by its message."""

import pytest

from seqloom.base.errors import ConfigError
from seqloom.config.read import build_config, read_config


@pytest.fixture
def fault(tmp_path, monkeypatch):
    """Give the message with which a configuration file of this text is refused."""
    monkeypatch.chdir(tmp_path)

    def refuse(text: str, *overrides: str) -> str:
        (tmp_path / "config.toml").write_text(text, encoding="utf-8")
        with pytest.raises(ConfigError) as caught:
            read_config("config.toml", overrides)
        assert caught.value.exit_code == 2
        return str(caught.value)

    return refuse


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[model]\nheads = 4", "model.heads is not an option (config.toml, line 2). "
         "Did you mean model.encoder.heads or model.decoder.heads?"),
        ("[trainig]\nepochs = 4", "trainig is not an option (config.toml, line 1). Did you mean training?"),
        ("\n\ntraining.lr = 4", "training.lr is not an option (config.toml, line 3). "
         "Did you mean training.learning_rate?"),
        ("[search]\nqqq = 4", "search.qqq is not an option (config.toml, line 2). The options of search are: beam, "
         "length_penalty, coverage_penalty, n_best, max_length_factor, max_length_extra, min_length, no_repeat_ngram, "
         "allow_unknown, batch_sentences."),
        ("[model.encoder]\nheads = 4", 'model.encoder.heads is an option of kind = "transformer", but '
         'model.encoder.kind = "recurrent" (config.toml, line 2). '
         'Set model.encoder.kind = "transformer", or leave out heads.'),
        ('[model.decoder]\nkind = "transformer"\ncell = "gru"', 'model.decoder.cell is an option of kind = '
         '"recurrent", but model.decoder.kind = "transformer" (config.toml, line 3). '
         'Set model.decoder.kind = "recurrent", or leave out cell.'),
        ('"\\u001b[31m" = 1', "\\x1b[31m is not an option (config.toml, line 1). The options of a configuration are: "
         "task, preset, seed, data, text, model, training, search."),
    ],
)  # fmt: skip
def test_unknown_keys(fault, text, message):
    assert fault(text) == message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[model]\nwidth = "256"', 'model.width must be a whole number from 1 to 65536, but is "256" '
         "(config.toml, line 2). Write 256, without quotes."),
        ("[model]\nwidth = 256.0", "model.width must be a whole number from 1 to 65536, but is 256.0 "
         "(config.toml, line 2). Write 256."),
        ("[model]\nwidth = 2.5", "model.width must be a whole number from 1 to 65536, but is 2.5 "
         "(config.toml, line 2)."),
        ("[model]\nwidth = true", "model.width must be a whole number from 1 to 65536, but is true "
         "(config.toml, line 2)."),
        ("[model]\nwidth = 0", "model.width must be a whole number from 1 to 65536, but is 0 (config.toml, line 2)."),
        ("[model]\ndropout = 1.0", "model.dropout must be a number of at least 0 and below 1, but is 1.0 "
         "(config.toml, line 2)."),
        ('[model]\ndropout = "low"', 'model.dropout must be a number of at least 0 and below 1, but is "low" '
         "(config.toml, line 2)."),
        ("[training]\nlearning_rate = nan", "training.learning_rate must be a number above 0, but is nan "
         "(config.toml, line 2)."),
        ("[training]\nmax_epochs = false", 'training.max_epochs must be a number above 0, or "none", but is false '
         '(config.toml, line 2). Write "none" to leave it unset.'),
        ('[text]\nlowercase = "Yes"', 'text.lowercase must be true or false, but is "Yes" (config.toml, line 2). '
         "Write true, without quotes."),
        ('[text]\nlowercase = "off"', 'text.lowercase must be true or false, but is "off" (config.toml, line 2). '
         "Write false, without quotes."),
        ('[text]\nlowercase = "maybe"', 'text.lowercase must be true or false, but is "maybe" '
         "(config.toml, line 2)."),
        ("[data]\nsource_field = 3", "data.source_field must be a text in quotes, but is 3 (config.toml, line 2). "
         'Put it in quotes: "3".'),
        ('[training]\noptimiser = "AdamW"', 'training.optimiser must be "adamw", "adam" or "sgd", but is "AdamW" '
         '(config.toml, line 2). Did you mean "adamw"?'),
        ("[training]\noptimiser = 3", 'training.optimiser must be "adamw", "adam" or "sgd", but is 3 '
         "(config.toml, line 2)."),
        ('[model.encoder]\nkind = "lstm"', 'model.encoder.kind must be "recurrent" or "transformer", but is "lstm" '
         '(config.toml, line 2). Did you mean "recurrent"?'),
        ("[model.encoder]\nkind = [1]", 'model.encoder.kind must be "recurrent" or "transformer", but is [1] '
         "(config.toml, line 2)."),
        ('[model]\nencoder = "lstm"', 'model.encoder must be a table, but is "lstm" (config.toml, line 2). '
         "Write its options under [model.encoder]."),
        ("model = 3", "model must be a table, but is 3 (config.toml, line 1). Write its options under [model]."),
        ("[[model]]\nwidth = 3", "model must be a table, but is [{width = 3}] (config.toml, line 1). "
         "Write its options under [model]."),
        ("[training]\nbetas = [0.9]", "training.betas must be a list of 2 values, each a number of at least 0 and "
         "below 1, but is [0.9] (config.toml, line 2)."),
        ('[training]\nbetas = ["a", "b"]', "training.betas must be a list of 2 values, each a number of at least 0 "
         'and below 1, but is ["a", "b"] (config.toml, line 2).'),
        ("[data]\ntrain = 3", "data.train must be a list of file names, but is 3 (config.toml, line 2)."),
        ('[data]\ntrain = ["/a", "/b", "/c"]', 'data.train names 3 files, but task = "translation" reads pairs '
         "(config.toml, line 2). Name two parallel files (source, target), or one TSV or JSON-lines file."),
        ('task = "translate"', 'task must be "translation", "summarization", "classification", "tagging" or '
         '"generation", but is "translate" (config.toml, line 1). Did you mean "translation"?'),
        ("preset = 3", 'preset must be a text in quotes, or "none", but is 3 (config.toml, line 1). '
         'Put it in quotes: "3".'),
        ("seed = 2020-01-01", "seed must be a whole number of at least 0 and below 9223372036854775808, but is "
         "2020-01-01 (config.toml, line 1)."),
    ],
)  # fmt: skip
def test_wrong_values(fault, text, message):
    if text.startswith("preset"):
        text += "\ntraining.max_updates = 1"
    assert fault(text) == message


def test_a_contradiction_names_the_line_that_was_written(fault):
    assert fault('[model.encoder]\nkind = "transformer"\nheads = 6') == (
        "model.encoder.heads = 6 does not divide model.width = 256 (config.toml, line 3). Use 4 or 8."
    )
    assert fault("[model]\nwidth = 6\n[model.encoder]\nheads = 4", "preset=translation-hybrid") == (
        "model.encoder.heads = 4 does not divide model.width = 6 (config.toml, line 4). Use 3 or 6."
    )
    assert fault("[model]\nwidth = 6", "preset=translation-hybrid") == (
        "model.encoder.heads = 4 does not divide model.width = 6 (config.toml, line 2). Use 3 or 6."
    )


def test_a_contradiction_names_the_topmost_layer(fault):
    assert fault("[model.decoder]\nlayers = 2", "model.decoder.layers=1").startswith(
        'model.decoder.placement = "between" puts the attention between two layers, but '
        "model.decoder.layers = 1 (command line). Set"
    )


def test_what_is_missing_is_missed_in_the_file(fault):
    assert fault('preset = "none"') == (
        "training has no bound (config.toml). Set one of training.max_epochs, max_minutes, max_updates or max_tokens."
    )


def test_several_faults_are_one_sentence_and_the_keys_of_the_others(fault):
    assert fault("seed = -1\n[model]\nwidth = 0\nqqq = 1\n[training]\nbetas = [2.0, 3.0]") == (
        "seed must be a whole number of at least 0 and below 9223372036854775808, but is -1 (config.toml, line 1). "
        "(Also wrong: model.width, model.qqq and training.betas.)"
    )
    many = "\n".join(f"x{number} = 1" for number in range(10))
    assert fault(many).endswith("(Also wrong: x1, x2, x3 and 6 more.)")


def test_overrides_are_placed_on_the_command_line(fault):
    assert fault("", "model.width=wide") == (
        'model.width must be a whole number from 1 to 65536, but is "wide" (command line).'
    )
    assert fault("", "model.dropout=.5") == (
        'model.dropout must be a number of at least 0 and below 1, but is ".5" (command line). '
        "Write 0.5, without quotes."
    )
    assert fault("", "data.train.x=3").startswith(
        "data.train must be a list of file names, but is {x = 3} (command line)."
    )


@pytest.mark.parametrize(
    ("mapping", "message"),
    [
        ({"model": None}, 'model must be a table, but is "none" (the mapping). Write its options under [model].'),
        ({"model": {1: 2}}, "model.1 is not an option (the mapping). The options of model are: width, dropout, "
         "share_embeddings, embedding_rank, tie_output, pooling, pooling_width, word_dropout, encoder, decoder."),
        ({"text": {"tokenizer": {1}}}, 'text.tokenizer must be "word", "character", "byte", "unigram" or "bpe", but '
         "is {1} (the mapping)."),
        ({"data": {"source_field": "a\udc80"}}, 'data.source_field must be a text in quotes, but is "a\\udc80" '
         "(the mapping)."),
    ],
)  # fmt: skip
def test_faults_that_only_python_can_make(mapping, message):
    with pytest.raises(ConfigError) as caught:
        build_config(mapping)
    assert str(caught.value) == message
