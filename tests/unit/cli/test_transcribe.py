"""`seqloom transcribe` as a command: a line a file, a line an utterance, and a sentence for each mistake."""

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from commands import Answer, finish, several, start
from sounds import RATE, tone

pytestmark = pytest.mark.usefixtures("machine_as_before")


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("recordings")
    (folder / "deep").mkdir()
    for name, words in (("a.wav", ["la"]), ("b.flac", ["mi", "so"]), ("deep/c.wav", ["so"])):
        soundfile.write(folder / name, tone(words), RATE)
    (folder / "notes.txt").write_text("no sound")
    return folder


@pytest.fixture(scope="module")
def answers(
    speech_run: Path, recordings: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Answer]:
    """All of them in one process."""
    (recordings / "broken.bin").write_bytes(b"RIFFnonsense")
    np.save(recordings.parent / "x.npy", np.zeros((3, 2)))
    project = speech_run.parent.parent / "project"
    a, broken, run = recordings / "a.wav", recordings / "broken.bin", speech_run
    output = tmp_path_factory.mktemp("out") / "all.tsv"
    with_faults = output.with_name("faults.tsv")
    empty, texts = tmp_path_factory.mktemp("empty"), output.with_name("texts")
    inner, mixed = recordings / "deep", tmp_path_factory.mktemp("mixed")
    np.save(mixed / "features.npy", np.zeros((3, 2)))
    soundfile.write(mixed / "sound.wav", tone(["la"]), RATE)
    calls, faulty = recordings.parent / "calls.jsonl", recordings.parent / "faulty.jsonl"
    named = [f"{recordings.name}/{name}" for name in ("a.wav", "nothing.wav", "b.flac")]
    calls.write_text("".join(json.dumps({"audio": name, "n": n}) + "\n" for n, name in enumerate(named)))
    faulty.write_text(json.dumps({"source": named[0]}) + '\n{"source": " "}\n')
    commands: dict[str, tuple[object, ...]] = {
        "records": ("transcribe", run, calls, "--field", "audio"),
        "records elsewhere": (
            "transcribe",
            run,
            recordings.parent / "*.jsonl",
            "--beside",
            "done",
            "--into",
            "said",
        ),
        "records twice": ("transcribe", run, calls, "--field", "audio", "--into", "n"),
        "records times": ("transcribe", run, calls, "--times"),
        "into nothing": ("transcribe", run, a, "--into", "text"),
        "records stdin": ("transcribe", run, "--stdin", "--rate", 8000, "--field", "audio"),
        "one": ("transcribe", run, a),
        "folder": ("transcribe", run, recordings, "--times"),
        "pattern": ("transcribe", run, recordings / "*.wav", recordings / "b.*", "--json", "--n-best", 2),
        "file": ("transcribe", run, a, "--output", output, "--beam", 1),
        "one bad": ("transcribe", run, broken),
        "some bad": ("transcribe", run, a, broken, recordings / "nothing.wav"),
        "some bad to a file": ("transcribe", run, a, broken, recordings / "b.flac", "--output", with_faults),
        "twice": ("transcribe", run, a, recordings / "b.flac", a),
        "one missing": ("transcribe", run, inner / "nothing.wav", inner / "c.wav", "--beside", "missing"),
        "of sound": ("transcribe", run, mixed),
        "ready": ("transcribe", run, recordings.parent / "x.npy"),
        "empty folder": ("transcribe", run, empty),
        "no fit": ("transcribe", run, empty / "*.wav"),
        "mirrored": ("transcribe", run, recordings, "--output", texts),
        "mirrored again": ("transcribe", run, recordings, "--output", texts),
        "pattern mirrored": (
            "transcribe",
            run,
            inner / "*.wav",
            "--output",
            texts.with_name("few"),
            "--json",
        ),
        "folder to a file": ("transcribe", run, recordings, "--output", output),
        "pattern to a file": ("transcribe", run, recordings / "*.wav", "--output", output),
        "beside": ("transcribe", run, inner, "--beside", "txt", "--json"),
        "beside again": ("transcribe", run, inner, "--beside", "txt"),
        "both places": ("transcribe", run, inner, "--beside", "txt", "--output", texts),
        "stdin to many": ("transcribe", run, "--stdin", "--rate", 8000, "--output", texts),
        "nothing": ("transcribe", run),
        "both": ("transcribe", run, a, "--stdin"),
        "no rate": ("transcribe", run, "--stdin"),
        "format": ("transcribe", run, "--stdin", "--rate", 8000, "--format", "mp3"),
        "silence": ("transcribe", run, "--stdin", "--rate", 8000, "--silence", 0),
        "fast": ("transcribe", run, "--stdin", "--rate", 10**9),
        "dash": ("transcribe", run, "-"),
        "overwrite": ("transcribe", run, a, "--overwrite"),
        "overwrite one": ("transcribe", run, a, "--output", output, "--overwrite"),
        "overwrite many": (
            "transcribe",
            run,
            inner / "*.wav",
            "--output",
            texts.with_name("few"),
            "--overwrite",
        ),
        "over itself": ("transcribe", run, a, "--output", inner.parent / "a.wav"),
        "for stdin": ("transcribe", run, a, "--rate", 8000),
        "n best": ("transcribe", run, a, "--n-best", 2),
        "language model": ("transcribe", run, a, "--language-model", run),
        "translate": ("translate", run, "--beam", 1),
        "inspect": ("inspect", run, a, "--show", "gates", "--json", recordings.parent / "gates.json"),
        "no recording": ("inspect", run, recordings / "nothing.wav"),
        "check": ("check", project),
        "html": ("check", project, "--html", recordings / "page.html"),
        "reference": ("evaluate", run, "--reference", "text"),
        "evaluate": ("evaluate", run, "--json"),
        "evaluate manifest": ("evaluate", run, project / "train.tsv"),
        "again": ("train", project, "--run", run, f"data.cache={run.parent.parent / 'corpora'}"),
    }
    found = dict(zip(commands, several(*commands.values()), strict=True))
    for name, path in (
        ("written", output),
        ("with faults", with_faults),
        ("c", inner / "c.wav.txt"),
        ("mirrored c", texts / "deep" / "c.wav.txt"),
        ("one not missing", inner / "c.wav.missing"),
        ("few c", texts.with_name("few") / "c.wav.json"),
    ):
        found[name] = Answer(0, path.read_text(), "")
    both = [f"{name}\t{(texts / f'{name}.txt').read_text()}" for name in ("a.wav", "b.flac")]
    found["mirrored said"] = Answer(0, "".join(both), "")
    return found


def test_a_line_a_file_begins_with_its_path(answers: dict[str, Answer], recordings: Path) -> None:
    one = answers["one"]
    assert (one.code, one.err) == (0, "")
    assert one.out.startswith(f"{recordings}/a.wav\t")
    assert one.out.count("\n") == 1
    assert answers["written"].out.startswith(f"{recordings}/a.wav\t")


def test_folders_are_searched_and_times_stand_beside_words(
    answers: dict[str, Answer], recordings: Path
) -> None:
    lines = [line.split("\t") for line in answers["folder"].out.splitlines()]
    assert [line[0] for line in lines] == [
        f"{recordings}/{name}" for name in ("a.wav", "b.flac", "deep/c.wav")
    ]
    for _, *words in lines:
        for word in filter(None, words):
            begins, ends, text = word.split(" ", 2)
            assert 0 <= float(begins) < float(ends)
            assert text


def test_patterns_and_json_with_alternatives(answers: dict[str, Answer], recordings: Path) -> None:
    rows = [json.loads(line) for line in answers["pattern"].out.splitlines()]
    assert [row["source"] for row in rows] == [f"{recordings}/a.wav", f"{recordings}/b.flac"]
    for row in rows:
        assert {"text", "score", "log_probability", "seconds", "alternatives"} <= row.keys()
        assert len(row["alternatives"]) == 1
        assert row["alternatives"][0]["score"] <= row["score"]


def test_files_that_can_t_be_used_are_told_and_the_others_go_on(
    answers: dict[str, Answer], recordings: Path
) -> None:
    one, some = answers["one bad"], answers["some bad"]
    assert (one.code, one.out) == (3, f"{recordings}/broken.bin\t\n")
    assert one.sentence.startswith(f"{recordings}/broken.bin is no sound file that can be read")
    lines = some.out.splitlines()
    assert (some.code, len(lines)) == (3, 3)
    assert lines[1:] == [f"{recordings}/broken.bin\t", f"{recordings}/nothing.wav\t"]
    said = some.err.splitlines()
    assert said[1] == f"seqloom: {recordings}/nothing.wav does not exist."
    assert said[2] == "seqloom: 2 of 3 files could not be used, as said above; the others are done."


def test_a_file_gets_the_lines_of_the_others_too(answers: dict[str, Answer], recordings: Path) -> None:
    some = answers["some bad to a file"]
    assert (some.code, some.out) == (3, "")
    assert some.err.splitlines()[-1] == (
        "seqloom: 1 of 3 files could not be used, as said above; the others are done."
    )
    lines = answers["with faults"].out.splitlines()
    assert [lines[0], lines[1]] == [answers["one"].out.rstrip("\n"), f"{recordings}/broken.bin\t"]
    assert lines[2].startswith(f"{recordings}/b.flac\t")


def test_a_file_that_is_named_twice_has_two_lines(answers: dict[str, Answer]) -> None:
    one, other, again = answers["twice"].out.splitlines(keepends=True)
    assert one == again == answers["one"].out
    assert other != one


def test_a_missing_file_leaves_the_others_their_files(answers: dict[str, Answer], recordings: Path) -> None:
    assert answers["one missing"].code == 3
    assert answers["one missing"].err.splitlines() == [
        f"seqloom: {recordings}/deep/nothing.wav does not exist.",
        "seqloom: 1 of 2 files could not be used, as said above; the others are done.",
    ]
    assert answers["one not missing"].out == answers["mirrored c"].out


def test_a_folder_stands_for_what_the_model_reads(answers: dict[str, Answer]) -> None:
    (line,) = answers["of sound"].out.splitlines()
    assert "/sound.wav\t" in line
    assert answers["of sound"].code == 0


def test_each_recording_may_have_a_file_of_its_own(answers: dict[str, Answer], recordings: Path) -> None:
    assert (answers["mirrored"].code, answers["mirrored"].out) == (0, "")
    there = [line for line in answers["folder"].out.splitlines() if line.startswith(f"{recordings}/deep")]
    words = [word.split(" ", 2)[2] for word in filter(None, there[0].split("\t")[1:])]
    assert answers["mirrored c"].out == " ".join(words) + "\n"
    for name in ("c", "few c"):
        assert json.loads(answers[name].out)["source"] == f"{recordings}/deep/c.wav"
    assert answers["pattern mirrored"].code == 0
    assert (answers["overwrite many"].code, answers["overwrite many"].err) == (0, "")
    assert answers["mirrored again"].err == (
        "seqloom: 3 results are there already and stay as they are; --overwrite writes them anew.\n"
    )
    assert answers["beside again"].err == (
        "seqloom: 1 result is there already and stays as it is; --overwrite writes it anew.\n"
    )


@pytest.mark.parametrize(
    ("asked", "code", "sentence"),
    [
        ("ready", 3, "holds ready-made features, but the model hears sound. Give it a sound file."),
        ("empty folder", 3, "Name a folder or a pattern with files."),
        ("no fit", 3, "*.wav. Name a folder or a pattern with files."),
        ("records twice", 3, "calls.jsonl:1: there is a field 'n' already, and nothing is written over."),
        ("records times", 2, "JSON lines are written as they were, with one field more. Leave out --times."),
        ("into nothing", 2, "--into names a field of JSON lines. Add --field, which says what to read."),
        (
            "records stdin",
            2,
            "--field is for JSON lines, but --stdin brings raw samples. Leave out one of the two.",
        ),
        ("both places", 2, "--beside and --output each say where results go. Leave out one."),
        ("folder to a file", 2, "all.tsv is a file, but a folder is read. Name a folder for the results."),
        ("pattern to a file", 2, "all.tsv is a file, but a folder is read. Name a folder for the results."),
        ("stdin to many", 2, "is a folder, but stdin has no name to write by. Name a file."),
        (
            "html",
            2,
            "--html is for corpora of pairs of texts; what is said of others is short. Leave it out.",
        ),
        (
            "reference",
            2,
            "--reference is for JSON lines of texts, which this task doesn't read. Leave it out.",
        ),
        ("nothing", 2, "Name sound files, or --stdin for raw samples from a pipe."),
        ("both", 2, "Name either files or --stdin, not both."),
        (
            "no rate",
            2,
            "--stdin brings raw samples, which don't say their rate. Add --rate, as in --rate 16000.",
        ),
        ("format", 2, "--format mp3 is unknown; expected one of s16le, s32le, f32le."),
        ("silence", 2, "--silence 0.0 is out of range; expected 0.05 to 60 seconds."),
        ("fast", 2, "--rate 1000000000 is out of range; expected 1000 to 384000 samples a second."),
        ("dash", 2, '"-" is stdin, which brings raw samples here: give --stdin and --rate in its place.'),
        ("overwrite", 2, "but these go to stdout. Leave it out."),
        ("overwrite one", 2, "is one file, which is written anew in any case. Leave it out."),
        ("over itself", 2, "/a.wav is a file that is being read. Name another one."),
        ("for stdin", 2, "--rate, --format and --silence are for --stdin. Add it, or leave them out."),
        ("n best", 2, "gives several outputs for a recording; add --json, which has room for them."),
        ("language model", 2, 'was trained for task = "transcription", so it holds no language model.'),
        ("translate", 2, "which `seqloom translate` is not for. Use it with: seqloom transcribe "),
        ("no recording", 3, "nothing.wav does not exist"),
    ],
)
def test_each_mistake_has_its_sentence(
    answers: dict[str, Answer], asked: str, code: int, sentence: str
) -> None:
    assert answers[asked].code == code
    assert sentence in answers[asked].sentence


def test_check_says_what_is_in_the_manifests(answers: dict[str, Answer]) -> None:
    answer = answers["check"]
    assert answer.code == 0, answer.err
    assert answer.out.startswith(
        "train: 24 recordings, 36 words\n  0.00 hours; the shortest 0.20 s, the longest "
    )
    assert "\nvalid: 4 recordings" in answer.out
    assert answer.out.endswith("\nNothing is wrong that training would refuse.\n")


def test_inspect_looks_into_a_recording(answers: dict[str, Answer], recordings: Path) -> None:
    answer = answers["inspect"]
    assert answer.code == 0, answer.err
    assert answer.out.splitlines()[0] == str(recordings / "a.wav")
    layers = json.loads((recordings.parent / "gates.json").read_text())["layers"]
    assert {layer["label"]: layer.get("seconds") for layer in layers} == {
        "encoder, layer 1, forwards": 0.02,
        "encoder, layer 1, backwards": 0.02,
        "decoder, layer 1": None,
        "decoder, layer 2": None,
    }


def test_evaluation_reads_manifests(answers: dict[str, Answer]) -> None:
    figures = json.loads(answers["evaluate"].out)
    assert (figures["pairs"], [score["name"] for score in figures["scores"]]) == (4, ["wer", "cer"])
    assert "on 24 pairs of" in answers["evaluate manifest"].out
    assert "  WER " in answers["evaluate manifest"].out


def test_training_says_what_to_type_next(answers: dict[str, Answer], speech_run: Path) -> None:
    out = answers["again"].out
    assert "was finished already" in out
    assert f"  seqloom transcribe {speech_run} " in out
    assert "Best on the validation data: WER " in out
    assert f"  seqloom inspect {speech_run} " in out
    assert " --show words --html words.html" in out


def test_a_stream_gives_a_line_an_utterance(speech_run: Path) -> None:
    pause = np.zeros(RATE, np.float32)
    stream = np.concatenate([pause, tone(["la"], 0.4), pause, tone(["so"], 0.4), pause[:100]])
    raw = (stream * 32767).astype("<i2").tobytes()
    answer = finish(
        start("transcribe", speech_run, "--stdin", "--rate", RATE, "--json", "--times"), raw + b"\0"
    )
    rows = [json.loads(line) for line in answer.out.splitlines()]
    assert (answer.code, [row["source"] for row in rows]) == (0, ["utterance 1", "utterance 2"])
    assert all(0.4 < row["seconds"] < 1.0 for row in rows)
    pauses = 1 + 0.05  # before each word
    for row, said in zip(rows, (pauses, 2 * pauses + 0.45), strict=True):
        assert said - 0.25 < row["start"] < said
        for word in row["words"]:
            assert row["start"] <= word["start"] < word["end"] <= row["start"] + row["seconds"]
    assert answer.err == "seqloom: stdin ended within a sample; its last byte was left out\n"


def test_samples_of_a_stream_that_are_no_numbers_are_told(speech_run: Path) -> None:
    stream = np.zeros(400, "<f4")
    stream[[3, 5]] = np.nan, np.inf
    answer = finish(
        start("transcribe", speech_run, "--stdin", "--rate", RATE, "--format", "f32le"), stream.tobytes()
    )
    assert answer == Answer(0, "", "seqloom: 2 samples of stdin are no number; silence stood for that\n")


def test_records_get_what_is_said_in_the_recording_that_they_name(
    answers: dict[str, Answer], recordings: Path
) -> None:
    rows = [json.loads(line) for line in answers["records"].out.splitlines()]
    said = dict(line.split("\t") for line in answers["mirrored said"].out.splitlines())
    assert [row["text"] for row in rows] == [said["a.wav"], None, said["b.flac"]]
    assert [row["n"] for row in rows] == [0, 1, 2]
    assert answers["records"].code == 3
    assert answers["records"].err.splitlines() == [
        f"seqloom: {recordings}/nothing.wav does not exist.",
        "seqloom: 1 of 3 recordings could not be used, as said above; the others are done.",
    ]
    elsewhere = answers["records elsewhere"]
    assert elsewhere.code == 3
    assert "calls.jsonl:1: no field 'source'; found 'audio', 'n'." in elsewhere.err
    assert "faulty.jsonl:2: field 'source' is empty; expected the path of a recording." in elsewhere.err
    assert elsewhere.err.splitlines()[-1] == (
        "seqloom: 2 of 2 files could not be used, as said above; the others are done."
    )
