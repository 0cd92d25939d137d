"""compare.toml: what it lays over what, and each mistake in a sentence that names its line."""

from pathlib import Path

import pytest

from seqloom.base.errors import ConfigError
from seqloom.comparison.options import ComparisonConfig
from seqloom.comparison.plan import Plan, read_plan, slug

PLAN = """\
[data]
train = ["train.en", "train.fr"]
valid = ["valid.en", "valid.fr"]

[text]
vocabulary_size = 500

[model]
dropout = 0.0

[training]
max_updates = 40

[comparison]
seeds = [3, 4]

[[models]]
name = "Elman"
preset = "translation-rnn"
[models.model]
width = 64

[[models]]
name = "Transformer"
preset = "translation-transformer-tiny"
[models.model.encoder]
layers = 2
"""


def plan_of(folder: Path, text: str = PLAN) -> Plan:
    (folder / "compare.toml").write_text(text, encoding="utf-8")
    return read_plan(folder / "compare.toml")


def test_a_model_is_laid_over_what_is_shared_and_a_preset_lies_below(tmp_path: Path) -> None:
    plan = plan_of(tmp_path)
    one, other = plan.models
    assert [model.name for model in plan.models] == ["Elman", "Transformer"]
    assert (one.config.model.encoder.cell, one.config.model.width) == ("elman", 64)
    assert (other.config.model.encoder.kind, other.config.model.encoder.layers) == ("transformer", 2)
    assert other.config.model.decoder.layers == 4
    for model in plan.models:
        assert model.config.training.max_updates == 40
        assert model.config.training.max_epochs is None
        assert model.config.model.dropout == 0.0
        assert model.config.data.train == (str(tmp_path / "train.en"), str(tmp_path / "train.fr"))
        assert model.config.seed == 3
    assert other.config.training.learning_rate == 5e-3
    assert plan.part == "valid"


def test_the_text_is_one_for_all_whatever_a_model_s_preset_says(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, PLAN.replace("vocabulary_size = 500", "lowercase = true"))
    assert {model.config.text.vocabulary_size for model in plan.models} == {6000}
    assert len({model.config.text for model in plan.models}) == 1


def test_a_training_gets_its_seed_and_its_scaled_shape(tmp_path: Path) -> None:
    model = plan_of(tmp_path).models[0]
    shape = model.config.model.model_copy(update={"width": 72})
    config = model.configured(9, shape, tmp_path / "corpora")
    assert (config.seed, config.model.width) == (9, 72)
    assert config.data.cache == str(tmp_path / "corpora")
    assert config.training == model.config.training


def test_equal_updates_and_equal_time_end_every_training(tmp_path: Path) -> None:
    unbound = PLAN.replace("max_updates = 40", "batch_tokens = 500")
    by_updates = unbound.replace("[comparison]", '[comparison]\nfairness = "updates"\nupdates = 77')
    assert {model.config.training.max_updates for model in plan_of(tmp_path, by_updates).models} == {77}
    by_time = unbound.replace("[comparison]", '[comparison]\nfairness = "time"\nminutes = 1.5')
    for model in plan_of(tmp_path, by_time).models:
        assert (model.config.training.max_minutes, model.config.training.max_epochs) == (1.5, None)


def test_an_option_that_only_some_models_read_may_be_shared(tmp_path: Path) -> None:
    text = PLAN.replace("[training]\n", "[training]\nbetas = [0.8, 0.9]\n")
    text += '[models.training]\noptimiser = "sgd"\n'
    assert plan_of(tmp_path, text).models[1].config.training.optimiser == "sgd"
    with pytest.raises(ConfigError, match=r"training\.betas = \[0\.8, 0\.9\] .*would be ignored"):
        plan_of(tmp_path, PLAN.replace("[training]\n", '[training]\noptimiser = "sgd"\nbetas = [0.8, 0.9]\n'))


def test_samples_of_many_trainings_are_left_out_unless_asked_for(tmp_path: Path) -> None:
    assert plan_of(tmp_path).models[0].config.training.samples == 0
    asked = PLAN.replace("[training]\n", "[training]\nsamples = 2\n")
    assert plan_of(tmp_path, asked).models[0].config.training.samples == 2


def test_names_become_folders() -> None:
    assert slug("GRU with attention") == "gru-with-attention"
    assert slug("minGRU (2×)") == "mingru-2"
    assert slug("注意") == "注意"


MISTAKES = [
    (
        "[comparison]",
        "[comparision]",
        r"comparision is not an option of a comparison \(.*line 14\)\. Did you mean \"comparison\"\?",
    ),
    ("[data]", "seed = 4\n[data]", r"seed \(.*line 1\) is not an option of a comparison.*comparison\.seeds"),
    (
        "seeds = [3, 4]",
        "seed = [3, 4]",
        r"comparison\.seed is not an option \(.*line 15\)\. Did you mean \"seeds\"\?",
    ),
    (
        "seeds = [3, 4]",
        "seeds = 3",
        r"comparison\.seeds must be a list of whole numbers of at least 0, but is 3 \(.*line 15\)",
    ),
    ("seeds = [3, 4]", "seeds = []", r"comparison\.seeds = \[\] names no seed"),
    ("seeds = [3, 4]", "seeds = [3, 3]", r"comparison\.seeds = \[3, 3\] names a seed twice \(.*line 15\)"),
    (
        "seeds = [3, 4]",
        'fairness = "fair"',
        r'comparison\.fairness must be "parameters", "operations", "updates", "time" or "none", but is "fair"',
    ),
    ("seeds = [3, 4]", 'fairness = "updates"', r"needs comparison\.updates, which is not set"),
    ("seeds = [3, 4]", "minutes = 3", r'comparison\.minutes = 3\.0 is for fairness = "time"'),
    (
        "seeds = [3, 4]",
        'fairness = "updates"\nupdates = 9',
        r"training\.max_updates \(.*line 12\) contradicts comparison\.fairness",
    ),
    (
        "seeds = [3, 4]",
        'memory_tasks = ["recall"]',
        r'names "recall", which is no memory task \(.*\)\. The tasks are: copy, reverse, first token',
    ),
    (
        "seeds = [3, 4]",
        'measure = ["costs"]\nmemory_updates = 5',
        r'comparison\.memory_updates would be ignored.*leaves out "memory span"',
    ),
    ("seeds = [3, 4]", 'measure = ["cost"]', r'comparison\.measure must be a list of "costs"'),
    (
        "seeds = [3, 4]",
        'share_models = ["Elman"]',
        r"comparison\.share_models would be ignored: it is read only with comparison\.shares",
    ),
    (
        "seeds = [3, 4]",
        'shares = [0.5]\nshare_models = ["Elmann"]',
        r'names "Elmann", which is no model of the plan\. Did you mean "Elman"\?',
    ),
    ("seeds = [3, 4]", "shares = [1.5]", r"comparison\.shares must be a list of numbers above 0 and below 1"),
    ("seeds = [3, 4]", 'part = "test"', r"names no pairs to measure quality on: data\.test is not set"),
    (
        "seeds = [3, 4]",
        'target = "x"',
        r"comparison\.target would be ignored: it is read only with comparison\.sentence",
    ),
    (
        'name = "Transformer"',
        'name = "elman"',
        r'two models whose runs would lie in one folder: "Elman" and "elman"',
    ),
    ('name = "Transformer"', "name = 3", r"models\.name is 3 for model 2 \(.*line 24\)"),
    ('name = "Transformer"\n', "", r"models\.name is not set for model 2"),
    (
        'name = "Transformer"',
        'name = "T"\nlayer = 3',
        r"models\.layer is not an option of a model \(.*line 25\)\. Its options are: name, runs",
    ),
    (
        'name = "Transformer"',
        'name = "T"\nseed = 3',
        r"models\.seed \(.*line 25\) is the same for all models.*Set comparison\.seeds",
    ),
    (
        "[models.model.encoder]",
        "[models.text]\nlowercase = true\n[models.model.encoder]",
        r"models\.text \(.*\) is the same for all models",
    ),
    (
        "layers = 2",
        "layer = 2",
        r'Model "Transformer": model\.encoder\.layer is not an option \(.*line 27\)\. Did you mean',
    ),
    (
        "layers = 2",
        "cell = 'gru'",
        r'Model "Transformer": model\.encoder\.cell is an option of kind = "recurrent".*line 27',
    ),
    ("width = 64", "width = 'wide'", r'Model "Elman": model\.width must be a whole number.*line 21'),
    (
        'preset = "translation-rnn"',
        'preset = "translation-rn"',
        r'preset = "translation-rn" is not a preset \(.*line 19\)',
    ),
    (
        "[models.model.encoder]",
        'runs = ["a"]\n[models.model.encoder]',
        r"models\.preset \(.*\) would be ignored: models\.runs names finished runs",
    ),
    ("train = [", "trian = [", r"data\.trian is not an option"),
]


@pytest.mark.parametrize(("before", "after", "sentence"), MISTAKES)
def test_a_mistake_is_one_sentence(tmp_path: Path, before: str, after: str, sentence: str) -> None:
    assert PLAN.count(before) >= 1
    with pytest.raises(ConfigError, match=sentence):
        plan_of(tmp_path, PLAN.replace(before, after, 1))


def test_a_plan_has_two_models_or_more_and_says_what_is_missing(tmp_path: Path) -> None:
    shared, _, models = PLAN.partition("[[models]]")
    with pytest.raises(ConfigError, match=r"names no models to compare\. Write \[\[models\]\]"):
        plan_of(tmp_path, shared)
    with pytest.raises(ConfigError, match="names one model, which has nothing to be compared with"):
        plan_of(tmp_path, shared + "[[models]]" + models.partition("[[models]]")[0])
    with pytest.raises(ConfigError, match=r"data\.train must name the training pairs"):
        plan_of(tmp_path, PLAN.replace("train = [", "# train = ["))
    with pytest.raises(ConfigError, match=r'models\.runs of "B" names 1 .*comparison\.seeds has 2'):
        plan_of(tmp_path, PLAN + '[[models]]\nname = "B"\nruns = ["x"]\n')
    with pytest.raises(ConfigError, match="There is no plan"):
        read_plan(tmp_path / "nowhere.toml")
    unaligned = PLAN.replace("valid =", 'back_translated = ["b.en", "b.fr"]\nvalid =')
    with pytest.raises(ConfigError, match=r"comparison\.shares draws pairs from data\.train alone"):
        plan_of(tmp_path, unaligned.replace("[comparison]", "[comparison]\nshares = [0.5]"))


def test_overrides_lie_over_the_shared_tables_and_below_a_model_s_own(tmp_path: Path) -> None:
    plan_of(tmp_path)
    path = tmp_path / "compare.toml"
    overrides = [
        "comparison.seeds=[7]",
        "training.max_epochs=2",
        "model.width=96",
        "data.valid=none",
        "data.test=a.tsv",
    ]
    plan = read_plan(path, overrides)
    assert plan.comparison.seeds == (7,)
    assert [model.config.model.width for model in plan.models] == [64, 96]
    assert {model.config.training.max_epochs for model in plan.models} == {2}
    assert {model.config.training.max_updates for model in plan.models} == {None}
    assert plan.models[0].config.data.test == (str(Path("a.tsv").absolute()),)
    assert plan.text.startswith("# comparison.seeds=[7]\n")
    for override, sentence in (
        (
            "models.width=3",
            r"models is not a shared table of a comparison \(command line\)\. Did you mean \"model\"\?",
        ),
        ("comparison.sed=3", r"comparison\.sed is not an option \(command line\)"),
        ("comparison=3", r"comparison must be a table \(command line\)"),
        ("comparison.minutes=3", r"comparison\.minutes = 3.*\(command line\)"),
        ("model.width=wide", r'Model "Transformer": model\.width must be .*\(command line\)'),
    ):
        with pytest.raises(ConfigError, match=sentence):
            read_plan(path, [override])


def test_every_option_says_what_it_is_for() -> None:
    for name, field in ComparisonConfig.model_fields.items():
        assert field.description, name
        assert field.description.endswith("."), name
