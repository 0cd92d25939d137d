"""Every verb in a process apart, over one tiny run."""

import json
import re
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from commands import Answer, Project, finish, several, start
from seqloom.base.progress import Progress

Here = Callable[..., Answer]


@pytest.fixture(scope="module")
def answers(trained: Project, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Answer]:
    """What the verbs that read a run say; `average` changes its own copy."""
    folder = tmp_path_factory.mktemp("answers")
    shutil.copytree(trained.run, folder / "averaged")
    (folder / "in.en").write_text("one red cat\n\ntwo dog\u2028three\n")
    run = trained.run
    commands = {
        "translate": ("translate", run, folder / "in.en", "-", "--json", "--n-best", 2, "--beam", 3),
        "evaluate": ("evaluate", run, "--output", folder / "out" / "valid.fr", "--beam", 1),
        "inspect": (
            *("inspect", run, "one red cat", "--target", "un chat rouge"),
            *("--html", folder / "map.html", "--json", folder / "map.json"),
        ),
        "average": ("average", folder / "averaged", "--last", 2),
    }
    found = dict(zip(commands, several(*commands.values(), stdin=b"red\n"), strict=True))
    found["written"] = Answer(0, (folder / "out" / "valid.fr").read_text(), "")
    found["map"] = Answer(0, (folder / "map.json").read_text(), (folder / "map.html").read_text())
    return found


def test_training_says_what_came_of_it_and_what_to_type_next(trained: Project) -> None:
    answer = trained.answer
    assert answer.code == 0, answer.err
    assert "runs/mine is trained: 20 updates." in answer.out
    assert "Best on the validation data: BLEU" in answer.out
    assert "| seqloom translate runs/mine" in answer.out
    assert "200 training pairs, 10 for validation; vocabulary" in answer.err
    assert (trained.run / "report.html").is_file()
    assert (trained.run / "best" / "model.safetensors").is_file()


def test_training_a_finished_run_says_so(here: Here, trained: Project) -> None:
    answer = here("train", trained.config, "--run", trained.run)
    assert answer.code == 0, answer.err
    assert "was finished already, after 20 updates. To train it further, raise" in answer.out


def test_translate_answers_each_line_with_one(answers: dict[str, Answer]) -> None:
    answer = answers["translate"]
    assert answer.code == 0, answer.err
    rows = [json.loads(line) for line in answer.out.split("\n")[:-1]]
    assert [row["source"] for row in rows] == ["one red cat", "", "two dog\u2028three", "red"]
    assert rows[1] == {"source": "", "text": "", "score": 0.0, "log_probability": 0.0, "alternatives": []}
    for row in (rows[0], rows[2], rows[3]):
        (other,) = row["alternatives"]
        assert other["text"] != row["text"]
        assert other["score"] <= row["score"] < 0


def test_an_output_file_is_replaced_when_all_of_it_is_there(
    here: Here, trained: Project, tmp_path: Path
) -> None:
    output = tmp_path / "out.fr"
    output.write_text("what was there\n")
    (tmp_path / "bad.en").write_bytes(b"one red cat\n" * 3 + b"\xff\n")
    answer = here("translate", trained.run, tmp_path / "bad.en", "--output", output)
    assert answer.code == 3
    assert "bad.en:4: not UTF-8" in answer.err
    assert output.read_text() == "what was there\n"
    part = tmp_path / "out.fr.part"
    assert len(part.read_text().splitlines()) == 3
    assert f"{output} is as it was; what was written is in {part}" in answer.err
    (tmp_path / "good.en").write_text("one red cat\n")
    assert here("translate", trained.run, tmp_path / "good.en", "--output", output).code == 0
    assert len(output.read_text().splitlines()) == 1
    assert not part.exists()


def test_several_runs_may_decide_together(here: Here, trained: Project, tmp_path: Path) -> None:
    (tmp_path / "in.en").write_text("one red cat\n")
    alone, together = (
        here("translate", trained.run, tmp_path / "in.en", "--scores", *more)
        for more in ([], ["--ensemble", trained.run])
    )
    assert together.code == 0, together.err
    assert together.out == alone.out  # twice the same model


def test_evaluate_gives_both_scores_their_signatures_and_the_speed(answers: dict[str, Answer]) -> None:
    answer = answers["evaluate"]
    assert answer.code == 0, answer.err
    first, bleu, chrf, speed, written = answer.out.splitlines()
    assert "on 10 pairs of" in first
    assert first.endswith("valid.fr")
    assert bleu.split()[0] == "BLEU"
    assert "tok:13a" in bleu
    assert chrf.split()[0] == "chrF"
    assert "nc:6" in chrf
    assert speed.endswith("sentences a second, beam 1")
    assert written.startswith("The outputs: ")
    assert len(answers["written"].out.split("\n")) == 11


def test_evaluate_as_json(here: Here, trained: Project) -> None:
    answer = here("evaluate", trained.run, "--json", "--beam", 1)
    assert answer.code == 0, answer.err
    figures = json.loads(answer.out)
    assert (figures["pairs"], figures["beam"]) == (10, 1)
    assert [score["name"] for score in figures["scores"]] == ["bleu", "chrf"]
    assert all(0 <= score["value"] <= 100 and "|" in score["signature"] for score in figures["scores"])


def test_an_output_that_nobody_sees_come_shows_how_far_it_is(
    trained: Project, here: Here, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[tuple[float | None, float, str]] = []
    monkeypatch.setattr(
        Progress,
        "update",
        lambda self, done, note="", left=None: told.append((self.total, done, note)),  # noqa: ARG005
    )
    source = trained.folder / "valid.en"
    count = len(source.read_text().splitlines())
    assert here("translate", trained.run, source, "--output", tmp_path / "out.fr").code == 0
    ((total, done, note),) = told
    assert (total, done) == (count, count)
    assert re.fullmatch(rf"{count} lines  [\d,]+ tokens/s", note)
    assert here("translate", trained.run, source).code == 0
    assert len(told) == 1


def test_translate_into_a_file_that_starts_as_asked(here: Here, trained: Project, tmp_path: Path) -> None:
    output = tmp_path / "new" / "out.fr"
    answer = here(
        "translate", trained.run, trained.folder / "valid.en", "-o", output, "--prefix", "chien chat"
    )
    assert (answer.code, answer.out) == (0, ""), answer.err
    lines = output.read_text().split("\n")[:-1]
    assert len(lines) == 10
    assert all(line.split()[:2] == ["chien", "chat"] for line in lines)


def test_inspect_says_where_it_looked_and_writes_what_is_asked_for(answers: dict[str, Answer]) -> None:
    answer = answers["inspect"]
    assert answer.code == 0, answer.err
    lines = answer.out.splitlines()
    assert lines[:2] == ["one red cat", "un chat rouge"]
    assert lines[3].split() == ["wrote", "looking", "at", "weight", "sure"]
    assert [line.split()[0] for line in lines[4:8]] == ["un", "chat", "rouge", "</s>"]
    assert lines[-1].startswith("Wrote ")
    assert "map.html" in lines[-1]
    (weights,) = json.loads(answers["map"].out)["maps"]
    assert weights["source"] == ["one", "red", "cat", "</s>"]
    assert "<html" in answers["map"].err


def test_inspect_draws_pictures(here: Here, trained: Project, tmp_path: Path) -> None:
    png, svg = tmp_path / "new" / "map.png", tmp_path / "new" / "map.svg"
    answer = here("inspect", trained.run, "one red cat", "--pieces", "--png", png, "--svg", svg)
    assert answer.code == 0, answer.err
    assert png.read_bytes().startswith(b"\x89PNG")
    assert "<svg" in svg.read_text()


def test_inspect_says_what_of_a_text_it_left_out(here: Here, trained: Project) -> None:
    answer = here("inspect", trained.run, "one " * 1_030, "--target", "un", "--show", "cost")
    assert answer.code == 0, answer.err
    assert answer.err == "seqloom: TEXT: it has 1,030 symbols; only the first 1,024 were read\n"


@pytest.mark.parametrize(
    ("show", "kinds", "said"),
    [
        ("gates", ("png", "html", "json"), "decoder, layer 1: reset "),
        ("gradients", ("svg", "html", "json"), "fresh: the gradient "),
        ("words", ("html", "json"), "wrote"),
        ("beam", ("html", "json"), "score    model  length  coverage  text\n"),
        ("cost", ("html", "json"), "operations to read a token"),
    ],
)
def test_inspect_shows_more_than_attention(
    here: Here, trained: Project, tmp_path: Path, show: str, kinds: tuple[str, ...], said: str
) -> None:
    files = {kind: tmp_path / "new" / f"it.{kind}" for kind in kinds}
    asked = [word for kind, path in files.items() for word in (f"--{kind}", path)]
    answer = here("inspect", trained.run, "one red cat", "--show", show, *asked)
    assert answer.code == 0, answer.err
    assert said in answer.out
    assert f"Wrote {files[kinds[0]]}" in answer.out
    assert json.loads(files["json"].read_text(encoding="utf-8"))["format"].startswith("seqloom-")
    if "html" in files:
        assert "</html>" in files["html"].read_text(encoding="utf-8")
    alone = here("inspect", trained.run, "one red cat", "--show", show)
    assert f"TEXT --show {show} --" in alone.out


def test_inspect_shows_gradients_of_several_runs_side_by_side(
    here: Here, trained: Project, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    shutil.copytree(trained.run, other)
    files = {kind: tmp_path / f"it.{kind}" for kind in ("png", "html", "json")}
    asked = [word for kind, path in files.items() for word in (f"--{kind}", path)]
    shared = ("inspect", trained.run, "one red cat", "--show", "gradients", "--with", other)
    answer = here(*shared, *asked)
    assert answer.code == 0, answer.err
    told = [line.split(": ")[0] for line in answer.out.splitlines()[:4]]
    name = trained.run.name
    assert told == [f"{name}, trained", f"{name}, fresh", "other, trained", "other, fresh"]
    flows = json.loads(files["json"].read_text(encoding="utf-8"))["flows"]
    assert [flow["model"] for flow in flows] == [name, name, "other", "other"]
    assert flows[0]["by_distance"] == flows[2]["by_distance"]
    again = here(*shared)
    assert f"--show gradients --with {other} --html gradients.html" in again.out
    refused = here("inspect", trained.run, "one", "--with", other)
    assert (refused.code, refused.sentence) == (2, "--with is for --show gradients. Leave it out.")
    twice = here("inspect", trained.run, "one", "--show", "gradients", "--with", trained.run)
    assert (twice.code, twice.sentence) == (
        2,
        f"--with {trained.run}: that run stands there already. Name others.",
    )


def test_inspect_asks_what_an_architecture_remembers(here: Here, trained: Project, tmp_path: Path) -> None:
    files = {kind: tmp_path / "new" / f"it.{kind}" for kind in ("png", "svg", "html", "json")}
    asked = [word for kind, path in files.items() for word in (f"--{kind}", path)]
    brief = ("--show", "memory", "--updates", 12, "--distance", 2)
    answer = here("inspect", trained.run, *brief, "--task", "first-token,copy", "--task", "adding", *asked)
    assert answer.code == 0, answer.err
    assert "Trained from nothing at distances of 1 to 2 symbols, asked at up to 4." in answer.out
    rows = [line.split() for line in answer.out.splitlines()]
    assert ["distance", "first", "token", "copy", "adding"] in rows
    (beyond,) = [row for row in rows if row[:1] == ["4"]]
    assert beyond[-1] == "unseen"
    spans = json.loads(files["json"].read_text(encoding="utf-8"))["spans"]
    assert [(span["task"], span["label"], span["seen"]) for span in spans] == [
        ("first token", trained.run.name, 2),
        ("copy", trained.run.name, 2),
        ("adding", trained.run.name, 2),
    ]
    assert "<svg" in files["html"].read_text(encoding="utf-8")
    again = here("inspect", trained.run, *brief)
    assert f"seqloom inspect {trained.run} --show memory --html" in again.out


def test_align_links_words_in_both_directions(here: Here, trained: Project, tmp_path: Path) -> None:
    (tmp_path / "a.en").write_text("one red cat\n\ndog\n", encoding="utf-8")
    (tmp_path / "a.fr").write_text("un chat rouge\nchat\nchien\n", encoding="utf-8")
    (tmp_path / "gold").write_text("0-0 1-2 2-1\n\n0-0\n", encoding="utf-8")
    files = (tmp_path / "a.en", tmp_path / "a.fr")
    alone = here("align", trained.run, *files)
    assert alone.code == 0, alone.err
    lines = alone.out.split("\n")
    assert len(lines) == 4  # three, and what follows the last end of line
    assert lines[1] == ""
    assert re.fullmatch(r"\d-\d( \d-\d)*", lines[0])
    both = here(
        *("align", trained.run, *files, "--reverse", trained.run, "--combine", "union"),
        *("--gold", tmp_path / "gold", "--output", tmp_path / "new" / "links"),
    )
    assert both.code == 0, both.err
    rows = [line.split()[0] for line in both.out.splitlines()[1:4]]
    assert rows == ["forwards", "backwards", "union"]
    assert "precision  recall     F1    AER" in both.out
    assert len((tmp_path / "new" / "links").read_text().split("\n")) == 4


def test_average_names_the_checkpoints(answers: dict[str, Answer]) -> None:
    answer = answers["average"]
    assert answer.code == 0, answer.err
    assert "is now the mean of 2 checkpoints: step-20, step-10" in answer.out


def test_translate_answers_at_once_and_ends_at_ctrl_c(trained: Project) -> None:
    process = start("translate", trained.run, "--scores", "--beam", 1)
    assert process.stdin is not None
    assert process.stdout is not None
    for text in (b"one\n", b"red cat\n"):
        process.stdin.write(text)
        process.stdin.flush()
        score, _, output = process.stdout.readline().decode().partition("\t")
        assert float(score) < 0
        assert output.endswith("\n")
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=120)
    answer = Answer(process.returncode, "", err.decode())
    assert answer.code == 75
    assert answer.sentence.startswith("Stopped by Ctrl-C.")


def test_a_stopped_training_goes_on(project: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    process = start(
        "train", project, "training.max_updates=100000", "training.validate_every=50000", "--run", run
    )
    assert process.stderr is not None
    for line in process.stderr:
        if b"parameters on" in line:
            break
    process.send_signal(signal.SIGTERM)
    answer = finish(process)
    assert answer.code == 75
    assert answer.sentence == f"Stopped and saved in {run}; the same command goes on from here."
    assert list((run / "checkpoints").iterdir())


def test_new_check_and_presets(tmp_path: Path) -> None:
    """Those that need no torch: a project from nothing, its check, a preset as a configuration."""
    made = finish(start("new", "first", "--example", cwd=tmp_path))
    assert made.code == 0, made.err
    assert "seqloom train first/config.toml" in made.out
    checking = start("check", "first", "--html", "pages/report.html", cwd=tmp_path)
    showing = start("presets", "translation-lstm", cwd=tmp_path)
    checked, shown = finish(checking), finish(showing)
    assert checked.code == 0, checked.err
    assert "The corpus can be used" in checked.out
    assert "symbols" in checked.out
    assert "<html" in (tmp_path / "pages" / "report.html").read_text()
    assert 'preset = "translation-lstm"' in shown.out
