"""Writing a configuration: what is written reads back equal."""

import json
import tomllib

import pytest

from seqloom.config.presets import preset_names
from seqloom.config.read import build_config, read_config
from seqloom.config.schema import Config
from seqloom.config.write import resolved, write_config

ODD = {
    "preset": None,
    "seed": 2**63 - 1,
    "data": {"train": ["/a b/ü\t\"quoted\".en", "/x\\y\x7f\n.de"], "source_field": "'''#"},
    "text": {"normalisation": "none", "sampling": 1e-30},
    "model": {"encoder": {"kind": "transformer", "heads": 8}, "decoder": {"attention": "none", "dropout": 0}},
    "training": {"max_tokens": 10**12, "eps": 1e-8, "validate_every": None, "betas": [0, 0.999]},
}  # fmt: skip


@pytest.mark.parametrize("comments", [False, True])
@pytest.mark.parametrize("mapping", [*({"preset": name} for name in preset_names()), ODD])
def test_what_is_written_reads_back_equal(tmp_path, mapping, comments):
    config = build_config(mapping)
    path = tmp_path / "config.toml"
    path.write_text(write_config(config, comments=comments), encoding="utf-8")
    assert read_config(path) == config


@pytest.mark.parametrize("mapping", [{}, ODD])
def test_resolved_is_json_and_reads_back_equal(mapping):
    config = build_config(mapping)
    assert Config.model_validate(json.loads(json.dumps(resolved(config)))) == config


def test_every_option_is_written():
    config = build_config({})
    assert tomllib.loads(write_config(config)).keys() == Config.model_fields.keys()
    assert write_config(config).startswith(
        'task = "translation"\npreset = "translation-gru"\nseed = 1\n\n[data]\n'
    )
    assert "\n\n[model.encoder]\nkind = " in write_config(config)


def test_comments_are_the_descriptions():
    lines = write_config(build_config({}), comments=True).splitlines()
    assert lines[lines.index("beam = 5") - 1] == "# Hypotheses kept at each step; 1 is greedy search."
    assert lines[lines.index('device = "auto"') - 1].endswith(' One of "auto", "cpu" or "cuda".')
    assert max(len(line) for line in lines) <= 110
