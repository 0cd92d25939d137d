"""What people get wrong, and what the disk does: each gets its sentence, its exit code and no traceback."""

import errno
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from commands import Answer, Project
from seqloom.training import checkpoint

Here = Callable[..., Answer]


def test_a_typing_error_in_a_key(here: Here, project: Path) -> None:
    answer = here("train", project, "model.widht=32")
    assert answer.code == 2
    assert answer.sentence == "model.widht is not an option (command line). Did you mean model.width?"
    project.write_text(project.read_text().replace("dropout", "droppout"))
    answer = here("train", project)
    assert answer.code == 2
    place = f"{project}, line 11"
    assert answer.sentence == f"model.droppout is not an option ({place}). Did you mean model.dropout?"


@pytest.mark.parametrize("verb", ["train", "check"])
def test_files_of_different_length(here: Here, project: Path, verb: str) -> None:
    target = project.parent / "train.fr"
    target.write_text("".join(target.read_text().splitlines(keepends=True)[:150]))
    answer = here(verb, project)
    assert answer.code == 3
    said = answer.sentence if verb == "train" else answer.out
    assert "train.en has 200 lines and" in said
    assert "train.fr has 150" in said


@pytest.mark.parametrize("verb", ["train", "check"])
def test_a_missing_file(here: Here, project: Path, verb: str) -> None:
    (project.parent / "train.fr").rename(project.parent / "train.fra")
    answer = here(verb, project)
    assert answer.code == 3
    folder = project.parent
    assert answer.sentence == f"{folder}/train.fr does not exist. Did you mean {folder}/train.fra?"


@pytest.mark.parametrize("verb", ["train", "check"])
def test_a_fault_of_word_alignments(here: Here, project: Path, verb: str) -> None:
    links = project.parent / "links.txt"
    text = project.read_text()
    assert "[training]\n" in text
    project.write_text(
        text.replace("[training]\n", "[training]\nguided_alignment = 0.1\n").replace(
            "[data]\n", '[data]\nalignments = "links.txt"\n'
        )
    )
    answer = here(verb, project)
    assert (answer.code, answer.sentence) == (3, f"{links} does not exist.")
    links.write_text("0-0\n0_0\n" + "\n" * 198)
    answer = here(verb, project)
    assert answer.code == 3
    said = answer.sentence if verb == "train" else answer.out
    assert f"{links}:2: '0_0' is no link; " in said


def test_a_missing_configuration(here: Here, project: Path) -> None:
    answer = here("train", project.with_name("confg.toml"))
    assert answer.code == 2
    assert answer.sentence.endswith('confg.toml. Did you mean "config.toml"?')


def test_a_missing_run(here: Here, tmp_path: Path) -> None:
    answer = here("translate", tmp_path / "runs" / "mnie")
    assert answer.code == 2
    assert "mnie does not exist. Give the folder that `seqloom train` wrote" in answer.sentence


def test_a_folder_without_write_access(here: Here, project: Path) -> None:
    folder = project.parent / "locked"
    folder.mkdir(mode=0o555)
    if os.access(folder, os.W_OK):  # as root, whom only such a place refuses
        folder = Path("/sys")
    answer = here("train", project, "--run", folder / "run")
    assert answer.code == 5
    assert answer.sentence.startswith(f"Can't create the folder {folder}/run: ")
    assert "choose another folder" in answer.sentence
    answer = here("new", folder / "mine")
    assert answer.code == 5
    assert answer.sentence.startswith(f"Can't create the folder {folder}/mine: ")


def test_a_vocabulary_larger_than_the_corpus_allows(here: Here, project: Path) -> None:
    project.write_text(project.read_text().replace('"word"', '"bpe"').replace("= 20\n", "= 9000\n", 1))
    trained, checked = here("train", project), here("check", project)
    assert (trained.code, checked.code) == (3, 3)
    reported = " ".join(checked.out.split())
    for said in (trained.sentence, reported):
        assert "A bpe vocabulary of 9,000 symbols is too large for this text" in said
        assert "the largest possible size is" in said
    assert "The corpus can't be used as it is: 1 error" in reported


def test_an_empty_corpus(here: Here, project: Path) -> None:
    folder = project.parent
    for name in ("train.en", "train.fr"):
        (folder / name).write_text("\n \n")
    answer = here("train", project)
    assert answer.code == 3
    where = f"{folder}/train.en and {folder}/train.fr"
    assert answer.sentence == f"{where}: no pair with text on both sides. Give a corpus that isn't empty."
    checked = here("check", project)
    assert checked.code == 3
    assert "ERROR" in checked.out


def test_a_binary_file_as_text(here: Here, project: Path, trained: Project) -> None:
    binary = project.parent / "train.en"
    binary.write_bytes(b"\x7fELF\x02\x01\x01\x00\x00\n" * 200)
    sentence = (
        f"{binary}:1: a NUL byte at byte 7, and UTF-8 text was expected; it looks binary, or is UTF-16."
    )
    for words in (("train", project), ("translate", trained.run, binary)):
        answer = here(*words)
        assert (answer.code, answer.sentence) == (3, sentence)
    assert here("check", project).code == 3


def test_a_checkpoint_cut_short(here: Here, trained: Project, tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(trained.run, run)
    weights = run / "best" / "model.safetensors"
    size = weights.stat().st_size
    os.truncate(weights, 1000)
    answer = here("translate", run, trained.folder / "valid.en")
    assert answer.code == 4
    assert answer.sentence == (
        f"{weights} is 1,000 bytes long; expected {size:,}: it was cut short. "
        f"`seqloom average {run} --last 1` puts the newest checkpoint in its place."
    )
    assert here("average", run, "--last", "1").code == 0
    assert here("translate", run, trained.folder / "valid.en").code == 0


@pytest.fixture
def full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder on a disk that has room for the beginnings of a run, not for a checkpoint."""
    folder = tmp_path / "small"
    folder.mkdir()
    if os.geteuid() == 0:
        mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", folder], check=False, capture_output=True
        )
        if mounted.returncode == 0:
            yield folder
            subprocess.run(["umount", folder], check=True)
            return

    def no_room(tensors: object, path: object) -> None:  # noqa: ARG001 - what save_file is given
        raise checkpoint.SafetensorError("Error: I/O error: No space left on device (os error 28)")

    monkeypatch.setattr(checkpoint, "save_file", no_room)
    yield folder


def test_a_full_disk(here: Here, project: Path, full_disk: Path) -> None:
    """Room for the vocabulary and the first lines of the log; the prepared corpus lies elsewhere."""
    answer = here("train", project, f"data.cache={project.parent / 'cache'}", "--run", full_disk / "run")
    assert answer.code == 5
    assert answer.sentence.startswith(f"Can't write {full_disk}/run/best")
    assert "the disk is full; free some space and run the same command again." in answer.sentence


def test_output_to_a_full_disk() -> None:
    with Path("/dev/full").open("wb") as full:
        ended = subprocess.run(
            [sys.executable, "-m", "seqloom.cli", "presets"], stdout=full, stderr=subprocess.PIPE, check=False
        )
    answer = Answer(ended.returncode, "", ended.stderr.decode())
    assert answer.code == 5
    assert answer.sentence.startswith("Can't write the output: the disk is full;")


def test_output_that_nobody_reads() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        ended = subprocess.run(
            [sys.executable, "-m", "seqloom.cli", "presets"],
            stdout=writing,
            stderr=subprocess.PIPE,
            check=False,
        )
    finally:
        os.close(writing)
    assert (ended.returncode, ended.stderr) == (141, b"")


def without_torch(*words: object) -> Answer:
    """A command where importing torch fails as it does when it isn't there."""
    code = "import sys; sys.modules['torch'] = None; from seqloom.cli.main import main; main(sys.argv[1:])"
    ended = subprocess.run(
        [sys.executable, "-c", code, *map(str, words)],
        capture_output=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    return Answer(ended.returncode, ended.stdout.decode(), ended.stderr.decode())


@pytest.mark.parametrize("words", [("train", "{config}"), ("translate", "run"), ("inspect", "run", "text")])
def test_no_torch_installed(project: Path, words: tuple[str, ...]) -> None:
    answer = without_torch(*(word.format(config=project) for word in words))
    assert answer.code == 5
    assert answer.sentence == (
        "This needs PyTorch, which is not installed. Install it with: pip install 'seqloom[train]'"
    )


def test_a_corpus_is_checked_without_torch(project: Path) -> None:
    answer = without_torch("check", project)
    assert answer.code == 0, answer.err
    assert "symbols" in answer.out


def test_input_that_is_not_utf8_is_named_after_what_came_before(
    here: Here, trained: Project, tmp_path: Path
) -> None:
    text = tmp_path / "text.en"
    text.write_bytes(b"one\nred\ncat \xff dog\n")
    answer = here("translate", trained.run, text, "--beam", 1)
    assert answer.code == 3
    assert answer.sentence.startswith(f"{text}:3: not UTF-8: byte 0xff at byte 12 of the file")
    assert len(answer.out.splitlines()) == 2


def test_input_that_is_far_too_long_is_read_in_part_with_a_notice(
    here: Here, trained: Project, tmp_path: Path
) -> None:
    text = tmp_path / "text.en"
    text.write_text("one\n" + "red " * 1100 + "\n")
    answer = here("translate", trained.run, text, "--beam", 1)
    assert answer.code == 0
    assert answer.sentence == f"{text}:2: it has 1,100 symbols; only the first 1,024 were read"


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (
            ("train", "{config}", "--run", "{run}", "model.width=32"),
            2,
            "was started with other settings: model.width",
        ),
        (
            ("translate", "{run}", "{text}", "--n-best", 3),
            2,
            "--n-best 3 gives several outputs for a line; add --json",
        ),
        (("translate", "{run}", "{text}", "--scores", "--json"), 2, "--json has the scores already."),
        (
            ("translate", "{run}", "{text}", "-o", "{text}"),
            2,
            "is a file that is being read. Name another one.",
        ),
        (("translate", "{run}", "{folder}/vlid.en"), 3, "vlid.en does not exist. Did you mean"),
        (("evaluate", "{run}", "--part", "test"), 2, "names no data.test. Name the files: seqloom evaluate"),
        (("evaluate", "{run}", "--part", "dev"), 2, '--part "dev" is neither "test" nor "valid".'),
        (
            ("evaluate", "{run}", "{text}", "{text}", "--part", "valid"),
            2,
            "Name either files or --part, not both.",
        ),
        (("evaluate", "{run}", "/dev/null", "/dev/null"), 3, "no pairs; a score needs at least one."),
        (("inspect", "{run}", " "), 2, "There is nothing to look at in an empty text."),
        (("inspect", "{run}", "one", "--png", "map.gif"), 2, "--png map.gif: its name must end in .png."),
        (("inspect", "{run}", "one", "--show", "gate"), 2, 'beam, cost, memory. Did you mean "gates"?'),
        (
            ("inspect", "{run}", "one", "--show", "words", "--png", "w.png"),
            2,
            "it can be written by --html, --json.",
        ),
        (("inspect", "{run}", "one", "--heads"), 2, "This model has no heads to look at one by one"),
        (
            ("inspect", "{run}", "one", "--heads", "--png", "h.png"),
            2,
            "--heads is for --show attention, by --html",
        ),
        (
            ("inspect", "{run}", "one", "--show", "gates", "--pieces"),
            2,
            "--pieces is for --show attention or words. Leave it out.",
        ),
        (
            ("inspect", "{run}", "one", "--heads", "--head", "1"),
            2,
            "--head is for --show attention without --heads. Leave it out.",
        ),
        (
            ("inspect", "{run}", "one", "--show", "words", "--head", "sharpest"),
            2,
            "--head is for --show attention without --heads. Leave it out.",
        ),
        (
            ("inspect", "{run}", "one", "--head", "top"),
            2,
            'A head "top" can\'t be found; expected LAYER.HEAD',
        ),
        (("inspect", "{run}", "one", "--head", "1.1"), 2, "This model has no heads to choose from"),
        (("inspect", "{run}", "one", "--sort", "index"), 2, "--sort is for --show gates. Leave it out."),
        (
            ("inspect", "{run}", "one", "--show", "gates", "--sort", "size"),
            2,
            '--sort "size" is none of mean, change,',
        ),
        (("inspect", "{run}", "one", "--show", "beam", "--target", "un"), 2, "Leave out --target."),
        (("inspect", "{run}"), 2, "--show attention looks at one text. Name it: seqloom inspect RUN TEXT"),
        (
            ("inspect", "{run}", "one", "--show", "memory"),
            2,
            "asks a fresh network its own questions. Leave out TEXT.",
        ),
        (
            ("inspect", "{run}", "--show", "memory", "--target", "un"),
            2,
            "its own questions. Leave out --target.",
        ),
        (("inspect", "{run}", "one", "--task", "copy"), 2, "--task is for --show memory. Leave it out."),
        (("inspect", "{run}", "one", "--updates", 9), 2, "--updates is for --show memory. Leave it out."),
        (
            ("inspect", "{run}", "--show", "memory", "--task", "copi"),
            2,
            'associative recall, adding, bracket depth. Did you mean "copy"?',
        ),
        (("inspect", "{run}", "one \udcff"), 3, "TEXT: its byte 5 is not UTF-8."),
        (
            ("align", "{run}", "{text}", "{text}", "--combine", "union"),
            2,
            "Name the other one's run: --reverse RUN.",
        ),
        (
            ("align", "{run}", "{text}", "{text}", "--reverse", "{run}", "--combine", "grow"),
            2,
            '--combine "grow" is none of intersection, union,',
        ),
        (("align", "{run}", "{text}", "{text}", "--least", "2"), 2, "weight of 2 is no share of attention;"),
        (
            ("align", "{run}", "{text}", "{text}", "--head", "2.b"),
            2,
            'A head "2.b" can\'t be found; expected LAYER.HEAD as in 2.3, LAYER for the mean of its heads,',
        ),
        (("align", "{run}", "{text}", "{text}", "--head", "sharpest"), 2, "no heads to choose from"),
        (("align", "{run}", "/dev/null", "/dev/null"), 3, "no pairs to align."),
        (("check",), 2, "Name either a configuration, or files"),
        (("check", "{config}", "--train", "{text}", "{text}"), 2, "Name either a configuration, or files"),
        (("check", "--train", "{text}"), 2, "alone is not enough: give the second, parallel file as well"),
        (
            ("align", "{run}", "{text}", "{text}", "-o", "{text}"),
            2,
            "is a file that is being read. Name another one.",
        ),
        (("check", "--train", "{text}", "{text}", "--html", "{text}"), 2, "is a file that is being read."),
        (
            ("check", "--train", "{text}", "{text}", "--source-field", "x"),
            2,
            "are for pairs in JSON lines (.jsonl)",
        ),
        (("evaluate", "{run}", "{text}", "{text}", "--output", "{text}"), 2, "is a file that is being read."),
        (
            ("evaluate", "{run}", "{text}", "{text}", "--reference", "x"),
            2,
            "--reference names a field of JSON lines; found",
        ),
        (
            ("translate", "{folder}", "{text}"),
            2,
            "is a project that is to be trained, not the run that comes of it.",
        ),
        (("average", "{folder}"), 2, "is a project that is to be trained, not the run that comes of it."),
        (
            ("compare", "{folder}"),
            2,
            "There is no plan {folder}/compare.toml. The guide to comparing models shows how",
        ),
        (
            ("new", "{folder}/new", "--example", "--source-field", "x"),
            2,
            "are for pairs in JSON lines (.jsonl)",
        ),
        (("new", "{folder}"), 2, "config.toml is there already and stays as it is."),
        (("new", "{folder}/new", "--preset", "translation-gruu"), 2, 'Did you mean "translation-gru"?'),
        (("new", "{folder}/new", "--train", "{text}", "{folder}/train.frr"), 3, "Did you mean"),
        (
            ("new", "{folder}/new", "--example", "--train", "{text}", "{text}"),
            2,
            "--example brings its own data.",
        ),
        (("presets", "translation-gruu"), 2, 'There is no preset "translation-gruu". Did you mean'),
        (("presets", "--full"), 2, "--full shows one preset."),
        (("presets", "translation-gru", "--schema"), 2, "--schema is the same for every preset."),
    ],
)
def test_other_mistakes(
    here: Here, trained: Project, words: tuple[object, ...], code: int, sentence: str
) -> None:
    places = {
        "config": trained.config,
        "run": trained.run,
        "folder": trained.folder,
        "text": trained.folder / "valid.en",
    }
    answer = here(*(str(word).format(**places) for word in words))
    assert answer.code == code
    assert sentence.replace("{folder}", str(trained.folder)) in answer.sentence
    assert not (trained.folder / "new").exists()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (
            ("trian", "x"),
            "No such command 'trian'. Did you mean 'train'? `seqloom --help` says what can be typed.",
        ),
        (("--versoin",), "There is no option --versoin. Did you mean --version?"),
        (("translate",), "Missing argument 'RUN'. Type it as in: seqloom translate RUN [FILE]... [OPTIONS]"),
        (("align", "run"), "Missing argument 'FILE'. Type it as in: seqloom align RUN FILE... [OPTIONS]"),
        (("translate", "run", "--beam", "0"), '--beam is "0"; expected a whole number of at least 1.'),
        (("translate", "run", "--seed", "1.5"), '--seed is "1.5"; expected a whole number.'),
        (("generate", "run", "--temperature", "hot"), '--temperature is "hot"; expected a number.'),
        (
            ("transcribe", "run", "a.wav", "--language-model-weight", "nan"),
            '--language-model-weight is "nan"; expected a number of at least 0.',
        ),
        (
            ("translate", "run", "--beam", "2", "--beam=3"),
            "--beam is given 2 times; expected once. Leave out all but one.",
        ),
        (
            ("translate", "run", "-o", "a", "--output", "b"),
            "--output or -o is given 2 times; expected once. Leave out all but one.",
        ),
        (
            ("generate", "run", "--echo", "--no-echo"),
            "--echo or --no-echo is given 2 times; expected once. Leave out all but one.",
        ),
        (("translate", "run", "--baem", "3"), "There is no option --baem. Did you mean --beam?"),
        (
            ("score", "run", "--zzz"),
            "There is no option --zzz. `seqloom score --help` says what can be typed.",
        ),
        (
            ("chat", "run", "file"),
            "Got unexpected extra argument(s) (file). `seqloom chat --help` says what can be typed.",
        ),
        (
            ("translate", "--ensemble"),
            "Option '--ensemble' requires an argument. `seqloom VERB --help` says what can be typed.",
        ),
    ],
)
def test_words_that_the_parser_refuses(here: Here, words: tuple[str, ...], sentence: str) -> None:
    answer = here(*words)
    assert (answer.code, answer.out, answer.err) == (2, "", f"seqloom: {sentence}\n")


def test_a_run_that_trained_nothing_may_begin_with_other_settings(
    here: Here, project: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    target = project.parent / "valid.fr"
    target.rename(tmp_path / "kept")
    assert here("train", project, "--run", run).code == 3
    (tmp_path / "kept").rename(target)
    answer = here("train", project, "model.width=8", "training.max_updates=3", "--run", run)
    assert answer.code == 0, answer.err


def test_a_full_disk_is_what_the_error_number_says() -> None:
    """The sentence hangs on the number alone, which libraries that wrap the error must keep."""
    from seqloom.cli.failures import explain

    failure = explain(OSError(errno.ENOSPC, "No space left on device", "some/file"))
    assert failure is not None
    assert failure.sentence.startswith("Can't use some/file: the disk is full;")


def test_a_folder_of_seeds_is_no_run(here: Here, trained: Project, tmp_path: Path) -> None:
    seeds = tmp_path / "seeds"
    shutil.copytree(trained.run, seeds / "seed-1")
    answer = here("average", seeds)
    assert (answer.code, answer.sentence) == (
        2,
        f"{seeds} holds runs that differ in their seed, and one run is expected. Name it, as {seeds}/seed-1.",
    )
    answer = here("train", trained.config, "--run", seeds)
    assert answer.code == 2
    assert answer.sentence.startswith(
        f"{seeds} holds runs that differ in their seed, so it can't be one itself."
    )
    assert [path.name for path in seeds.iterdir()] == ["seed-1"]
