"""The presets: each valid, described, and what its name promises."""

from importlib.resources import files

import pytest

from seqloom.base.errors import ConfigError
from seqloom.config.presets import preset_description, preset_names, preset_text, read_preset
from seqloom.config.read import build_config
from seqloom.config.tasks import TASKS


def test_the_table_names_the_files():
    folder = files("seqloom.config").joinpath("presets")
    assert sorted(entry.name for entry in folder.iterdir()) == sorted(
        f"{name}.toml" for name in preset_names()
    )


@pytest.mark.parametrize("name", preset_names())
def test_each_preset_is_valid_and_bounded(name):
    config = build_config({"preset": name})
    assert config.preset == name
    assert config.task in [task.name for task in TASKS]
    assert read_preset(name)["training"].keys() & {"max_epochs", "max_updates"}
    assert "description" not in read_preset(name)


@pytest.mark.parametrize("name", preset_names())
def test_each_preset_says_in_one_line_what_it_is(name):
    line = preset_description(name)
    assert 30 < len(line) < 100
    assert "\n" not in line
    assert preset_text(name).startswith(f'description = "{line}"\n')


def test_a_preset_is_read_afresh_each_time():
    read_preset("translation-gru")["model"]["width"] = 3
    assert read_preset("translation-gru")["model"]["width"] != 3


def test_the_cells_are_what_the_names_say():
    for name, cell in (("gru", "gru"), ("lstm", "lstm"), ("rnn", "elman")):
        model = build_config({"preset": f"translation-{name}"}).model
        assert (model.encoder.cell, model.decoder.cell) == (cell, cell)
        assert (model.encoder.bidirectional, model.decoder.layers) == (True, 2)
        assert (model.share_embeddings, model.tie_output) == (True, True)


def test_the_tiny_transformer_is_that_of_wu_et_al():
    model = build_config({"preset": "translation-transformer-tiny"}).model
    for part in (model.encoder, model.decoder):
        assert (part.kind, part.layers, part.heads, part.feed_forward) == ("transformer", 4, 4, 256)
    assert (model.width, model.dropout, model.share_embeddings) == (128, 0.3, True)


def test_the_ssru_preset_is_the_tiny_one_but_for_its_decoder():
    found, tiny = (build_config({"preset": f"translation-transformer-{name}"}) for name in ("ssru", "tiny"))
    assert (found.model.encoder, found.training, found.text) == (tiny.model.encoder, tiny.training, tiny.text)
    assert found.model.decoder == tiny.model.decoder.model_copy(
        update={"layers": 2, "autoregression": "ssru"}
    )


def test_the_base_transformer_is_that_of_vaswani_et_al():
    model = build_config({"preset": "translation-transformer-base"}).model
    for part in (model.encoder, model.decoder):
        assert (part.kind, part.layers, part.heads, part.feed_forward) == ("transformer", 6, 8, 2048)
    assert (model.width, model.dropout) == (512, 0.1)


def test_the_hybrid_reads_with_a_transformer_and_writes_with_a_recurrence():
    model = build_config({"preset": "translation-hybrid"}).model
    assert (model.encoder.kind, model.decoder.kind) == ("transformer", "recurrent")


def test_the_summarizer_copies_words_and_says_where_it_cuts():
    found = build_config({"preset": "summarization-gru"})
    assert found.model.decoder.copying
    assert (found.text.tokenizer, found.search.allow_unknown) == ("word", False)
    assert found.data.long == "cut"


@pytest.mark.parametrize(
    ("name", "mend"),
    [
        ("translation-gr", 'Did you mean "translation-gru"?'),
        ("x", f"The presets are: {', '.join(preset_names())}."),
    ],
)
def test_an_unknown_preset(name, mend):
    for read in (read_preset, preset_description, preset_text):
        with pytest.raises(ConfigError) as caught:
            read(name)
        assert str(caught.value) == f'There is no preset "{name}". {mend}'


def test_the_tasks_presets_exist():
    assert {task.preset for task in TASKS} <= set(preset_names())
