"""A trained language model called with text: what it writes, how it scores, and what it is not for."""

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

import seqloom
from agreement import one_thread_in_full_precision
from seqloom.base.errors import UsageError
from seqloom.pipeline import Likelihood, Model, TextGenerator, load_as
from seqloom.search.options import SamplingOptions
from text_models import TEXT
from text_runs import write_text_project
from tiny import TinyRun

pytestmark = pytest.mark.usefixtures("machine_as_before")
LINES = TEXT.splitlines()


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of 30 updates. Look, don't touch."""
    root = tmp_path_factory.mktemp("writer")
    config = write_text_project(root / "project")
    with one_thread_in_full_precision():
        seqloom.train(config, root / "run", overrides=[f"data.cache={root / 'corpora'}"])
    return root / "run"


@pytest.fixture(scope="module")
def model(run: Path) -> TextGenerator:
    with one_thread_in_full_precision():
        return load_as(TextGenerator, run, "generate", device="cpu", threads=1)


# Writing


def test_loading_gives_the_class_of_the_family(run: Path, model: TextGenerator) -> None:
    assert isinstance(seqloom.load(run), TextGenerator)
    assert isinstance(model("To be", symbols=20), str)


def test_the_same_seed_writes_the_same_and_others_others(model: TextGenerator) -> None:
    def written(seed: int, number: int = 0) -> str:
        return "".join(model.generate("To be", SamplingOptions(seed=seed), symbols=80, number=number))

    assert written(1) == written(1)
    assert len({written(1), written(2), written(1, 1)}) == 3


def test_it_comes_in_pieces_each_as_it_is_drawn(model: TextGenerator) -> None:
    read = []
    step = model.network.step
    model.network.step = lambda *given, **options: (read.append(1), step(*given, **options))[1]  # type: ignore[method-assign, func-returns-value]
    try:
        pieces = model.generate("To be", symbols=50)
        first = next(pieces)
        assert first
        assert len(read) == 1
    finally:
        del model.network.step  # type: ignore[method-assign]
    assert len(first) == 1  # of characters


def test_at_most_so_many_symbols_and_lines_may_end(model: TextGenerator) -> None:
    options = SamplingOptions(seed=3, temperature=1.5)
    text = "".join(model.generate("", options, symbols=300))
    assert len(text) == 300  # a symbol is a character here, a line's end too
    assert "\n" in text
    assert "\ufffd" not in text


def test_stop_strings_end_it(model: TextGenerator) -> None:
    options = SamplingOptions(seed=3, temperature=1.5)
    whole = "".join(model.generate("", options, symbols=300))
    place = whole.index("\n")
    assert "".join(model.generate("", options, symbols=300, stop=["\n"])) == whole[:place]
    some = whole[40:43]
    assert "".join(model.generate("", options, symbols=300, stop=[some])) == whole[: whole.index(some)]


def test_a_prompt_is_read_whole_its_lines_too(model: TextGenerator) -> None:
    likeliest = SamplingOptions(top_k=1)
    after = [
        "".join(model.generate(prompt, likeliest, symbols=30))
        for prompt in ("To be", "Or to", "To be\nOr to")
    ]
    assert after[0] != after[1]
    ids = [3, *model.tokenizer.encode("To be"), 3, *model.tokenizer.encode("Or to")]
    with torch.no_grad():
        logits = model.network(torch.tensor([ids]))[0, -1]
    expected = int(logits.index_fill(0, torch.tensor([0, 1, 2]), -torch.inf).argmax())
    shown = "\n" if expected == 3 else model.tokenizer.decode([expected])
    assert after[2][0] == shown
    assert "".join(model.generate("To be\r\nOr to", likeliest, symbols=30)) == after[2]


def test_what_it_has_never_seen_is_counted(model: TextGenerator) -> None:
    assert model.unknown("To be 日本") == 2
    assert model.unknown("To be") == 0
    assert "".join(model.generate("日本", SamplingOptions(seed=1), symbols=5))


@pytest.mark.parametrize("symbols", [0, -3])
def test_a_text_has_symbols(model: TextGenerator, symbols: int) -> None:
    with pytest.raises(UsageError, match=rf"^symbols = {symbols} is out of range; expected 1 or more\.$"):
        model.generate("a", symbols=symbols)


# Scoring


@torch.no_grad()
def nats_by_hand(model: TextGenerator, lines: list[str]) -> list[float]:
    """Of each line after those before it, in one pass over all."""
    rows = [[*model.tokenizer.encode(line), 3] for line in lines]
    ids = [3, *(symbol for row in rows for symbol in row)]
    log_probs = model.network(torch.tensor([ids[:-1]]))[0].log_softmax(-1)
    each = [-float(log_probs[place, symbol]) for place, symbol in enumerate(ids[1:])]
    ends = np.cumsum([len(row) for row in rows])
    return [sum(part) for part in np.split(np.array(each), ends[:-1])]


def test_lines_are_scored_after_those_before_them(model: TextGenerator) -> None:
    found = model.score(LINES)
    assert [line.nats for line in found] == pytest.approx(nats_by_hand(model, LINES), rel=1e-4)
    assert [line.tokens for line in found] == [len(line) + 1 for line in LINES]
    assert [line.characters for line in found] == [len(line) + 1 for line in LINES]


@pytest.mark.parametrize("separate", [False, True])
def test_lines_are_scored_as_they_come(model: TextGenerator, separate: bool) -> None:
    found = []
    asked = 0

    def pieces() -> Iterator[list[str]]:
        nonlocal asked
        for line in LINES:
            asked += 1
            yield [line]

    for line in model.score_pieces(pieces(), separate=separate):
        found.append(line.nats)
        assert asked == len(found)
    expected = model.score(LINES, separate=separate)
    assert found == pytest.approx([line.nats for line in expected], rel=1e-5)


def test_or_each_on_its_own(model: TextGenerator) -> None:
    found = model.score(LINES, separate=True)
    alone = [nats_by_hand(model, [line])[0] for line in LINES]
    assert [line.nats for line in found] == pytest.approx(alone, rel=1e-4)
    assert found[1].nats != pytest.approx(model.score(LINES)[1].nats)


def test_the_figures_of_a_line() -> None:
    line = Likelihood(nats=6.0, tokens=4, characters=8, unknown=1)
    assert line.nats_per_token == 1.5
    assert line.bits_per_character == pytest.approx(6 / math.log(2) / 8)
    assert line.perplexity == pytest.approx(math.exp(1.5))
    total = line + Likelihood(2.0, 1, 2)
    assert (total.nats, total.tokens, total.characters, total.unknown) == (8.0, 5, 10, 1)
    assert math.isnan(Likelihood().nats_per_token)
    assert math.isnan(Likelihood().bits_per_character)


def test_unknown_symbols_are_counted_there_too(model: TextGenerator) -> None:
    (line,) = model.score(["To 日 be"])
    assert line.unknown == 1


def test_learnt_text_is_likelier_than_nonsense(model: TextGenerator) -> None:
    learnt, nonsense = model.score([LINES[0], LINES[0][::-1]], separate=True)
    assert learnt.nats_per_token < nonsense.nats_per_token - 0.3


def test_one_text_is_not_a_list(model: TextGenerator) -> None:
    with pytest.raises(UsageError, match="score takes a list of lines"):
        model.score("To be")


# What it is not for


def test_a_verb_names_the_one_to_use_instead(run: Path, tiny_run: TinyRun) -> None:
    for verb in ("translate", "inspect"):
        with pytest.raises(UsageError) as caught:
            load_as(Model, run, verb)
        assert str(caught.value) == (
            f'{run} was trained for task = "generation", which `seqloom {verb}` is not for. '
            f"Use it with: seqloom generate {run}"
        )
    with pytest.raises(UsageError) as caught:
        load_as(TextGenerator, tiny_run.path, "generate")
    assert str(caught.value) == (
        f'{tiny_run.path} was trained for task = "translation", which `seqloom generate` is not for. '
        f"Use it with: seqloom translate {tiny_run.path}"
    )


def test_no_ensembles(run: Path, tiny_run: TinyRun) -> None:
    with pytest.raises(UsageError, match=r"are language models, of which no ensemble is made\. Name one run"):
        seqloom.load([run, run])
    with pytest.raises(UsageError, match="The runs are of different kinds, generation and translation"):
        seqloom.load([run, tiny_run.path])
