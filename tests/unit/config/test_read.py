"""Reading a configuration: files, mappings, presets and overrides."""

from types import MappingProxyType

import pytest

from seqloom.base.errors import ConfigError
from seqloom.config.read import LARGEST_CONFIG, build_config, read_config, require_training_data


def write(folder, text, name="config.toml"):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_defaults_preset_file_command_line(tmp_path):
    path = write(tmp_path, "[model]\ndropout = 0.2\n[search]\nbeam = 3\n")
    config = read_config(path, ["search.beam=7"])
    assert config.preset == "translation-gru"  # the task's own
    assert config.training.max_epochs is not None  # from the preset
    assert config.seed == 1  # from the schema
    assert config.model.dropout == 0.2  # from the file
    assert config.search.beam == 7  # from the command line


def test_a_preset_is_named_in_the_file_or_above_it(tmp_path):
    path = write(tmp_path, 'preset = "translation-lstm"\n')
    assert read_config(path).model.encoder.cell == "lstm"
    config = read_config(path, ["preset=translation-rnn"])
    assert (config.preset, config.model.encoder.cell) == ("translation-rnn", "elman")


def test_no_preset(tmp_path):
    path = write(tmp_path, 'preset = "none"\n[training]\nmax_updates = 5\n[model.encoder]\nlayers = 2\n')
    config = read_config(path)
    assert config.preset is None
    assert (config.training.max_updates, config.training.max_epochs) == (5, None)
    assert (config.model.encoder.kind, config.model.encoder.layers) == ("recurrent", 2)


def test_another_kind_leaves_the_presets_part_behind(tmp_path):
    path = write(tmp_path, '[model.encoder]\nkind = "transformer"\nlayers = 2\n')
    config = read_config(path)
    assert (config.model.encoder.kind, config.model.encoder.layers) == ("transformer", 2)
    assert config.model.decoder.cell == "gru"
    config = read_config(path, ["model.encoder.kind=recurrent"])
    assert (config.model.encoder.kind, config.model.encoder.layers) == ("recurrent", 1)


def test_a_bound_replaces_the_presets(tmp_path):
    config = read_config(write(tmp_path, "[training]\nmax_minutes = 18\n"))
    assert (config.training.max_minutes, config.training.max_epochs) == (18, None)


def test_paths_are_seen_from_the_file_and_from_the_shell(tmp_path, monkeypatch):
    (tmp_path / "configs").mkdir()
    (tmp_path / "here").mkdir()
    path = write(tmp_path / "configs", '[data]\ntrain = ["../a.en", "a.de"]\nvalid = "valid.tsv"\n')
    monkeypatch.chdir(tmp_path / "here")
    config = read_config("../configs/config.toml", ["data.valid=[b.en,b.de]"])
    assert config.data.train == (f"{tmp_path}/a.en", f"{tmp_path}/configs/a.de")
    assert config.data.valid == (f"{tmp_path}/here/b.en", f"{tmp_path}/here/b.de")
    assert str(path.parent) in config.data.train[1]


def test_byte_order_mark_and_carriage_returns(tmp_path):
    path = tmp_path / "config.toml"
    path.write_bytes(b"\xef\xbb\xbfseed = 3\r\n[model]\r\nwidth = 64\r\n")
    config = read_config(path)
    assert (config.seed, config.model.width) == (3, 64)


def test_a_mapping_is_read_like_a_file(tmp_path):
    path = write(tmp_path, '[model]\nwidth = 64\n[data]\ntrain = ["a.en", "a.de"]\n')
    mapping = MappingProxyType(
        {"model": MappingProxyType({"width": 64}), "data": {"train": ("a.en", "a.de")}}
    )
    assert build_config(mapping, folder=tmp_path) == read_config(path)
    assert build_config({"preset": None, "training": {"max_updates": 1}}).preset is None


def test_a_mapping_has_the_name_it_is_given():
    with pytest.raises(ConfigError, match=r"^model\.width must be .* but is 0 \(the notebook\)\.$"):
        build_config({"model": {"width": 0}}, where="the notebook")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("translation_gru", 'Did you mean "translation-gru"?'),
        ("translation-transformer", 'Did you mean "translation-transformer-'),
        ("xyz", "The presets are: translation-gru, translation-lstm, translation-rnn, translation-transformer-tiny, "
         "translation-transformer-ssru, translation-transformer-base, translation-hybrid, summarization-gru, "
         "generation-lstm, generation-gru, generation-min-gru, generation-elman, generation-transformer, "
         "classification-lstm, tagging-lstm."),
        ("../presets/translation-gru", 'Did you mean "translation-gru"?'),
    ],
)  # fmt: skip
def test_unknown_presets(tmp_path, name, message):
    path = write(tmp_path, f'\npreset = "{name}"\n')
    with pytest.raises(ConfigError) as caught:
        read_config(path)
    assert str(caught.value).startswith(f'preset = "{name}" is not a preset ({path}, line 2). {message}')


def test_no_such_file(tmp_path):
    write(tmp_path, "", name="train.toml")
    with pytest.raises(ConfigError) as caught:
        read_config(tmp_path / "trian.toml")
    assert str(caught.value) == (
        f'There is no configuration file {tmp_path}/trian.toml. Did you mean "train.toml"?'
    )
    with pytest.raises(
        ConfigError, match=r"There is no configuration file .*x\.toml\. `seqloom new` writes one\.$"
    ):
        read_config(tmp_path / "x.toml")
    with pytest.raises(ConfigError, match=r"There is no folder .*nowhere either\.$"):
        read_config(tmp_path / "nowhere" / "x.toml")


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(ConfigError) as caught:
        read_config(tmp_path)
    assert str(caught.value) == f"{tmp_path} is a folder, not a configuration file. Name a TOML file."


def test_a_file_that_cannot_be_read(tmp_path):
    write(tmp_path, "seed = 1")
    path = tmp_path / "config.toml" / "inside.toml"
    with pytest.raises(ConfigError) as caught:
        read_config(path)
    assert str(caught.value) == f"The configuration file {path} can't be read: Not a directory."


def test_a_binary_file(tmp_path):
    path = tmp_path / "model.bin"
    path.write_bytes(b"abc\xff\xfe")
    with pytest.raises(ConfigError) as caught:
        read_config(path)
    assert str(caught.value) == (
        f"{path} is not UTF-8 text (byte 3), so it is no TOML. Name a TOML file, or save it as UTF-8."
    )


def test_a_file_far_too_large(tmp_path):
    path = tmp_path / "corpus.txt"
    path.write_bytes(b"#" * (LARGEST_CONFIG + 1))
    with pytest.raises(
        ConfigError, match=r"is larger than 1 MB, so it is no configuration\. Name a TOML file\.$"
    ):
        read_config(path)


def test_training_data_is_required_where_it_is_needed():
    with pytest.raises(ConfigError) as caught:
        require_training_data(build_config({}))
    assert str(caught.value) == (
        "data.train must name the training pairs, but is not set. "
        'Write train = ["train.en", "train.fr"] under [data], or a TSV or JSON-lines file.'
    )
    require_training_data(build_config({"data": {"train": "pairs.tsv"}}))
