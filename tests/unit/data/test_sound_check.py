"""The report on manifests: what is in them, what is wrong, and at which line."""

from pathlib import Path

import numpy as np
import soundfile

from seqloom.data.readers import PairFiles
from seqloom.data.sound_check import check_manifests, render
from sounds import RATE, tone, write_recordings


def test_faults_are_counted_and_named(tmp_path: Path) -> None:
    train = write_recordings(tmp_path, "train", 4)
    soundfile.write(tmp_path / "loud.wav", np.stack([tone(["la"], 0.5, 8000)] * 2, axis=1), 8000)
    (tmp_path / "broken.wav").write_bytes(b"RIFF")
    with train.open("a") as stream:
        stream.write("loud.wav\tla la\ntrain/1.wav\t\nbroken.wav\tla\nnothing.wav\tla\n")
    (tmp_path / "valid.tsv").write_text("train/0.wav\tla\n")
    seen: list[tuple[str, int]] = []
    parts = {name: PairFiles((tmp_path / f"{name}.tsv",)) for name in ("train", "valid")}
    found = check_manifests(parts, RATE, 0.01, lambda part, read: seen.append((part, read)))
    assert seen[-1] == ("valid", 1)
    assert [error.split(": ")[0] for error in found["train"].errors] == [f"{train}:7", f"{train}:8"]
    report = render(found, 0.5)
    for line in (
        "train: 7 recordings, 10 words",
        "  1 of them: its 2 channels were mixed into one",
        "  1 of them: it was resampled from 8,000 to 4,000 samples a second",
        "  1 of them without a text, which training leaves out",
        "  1 of them longer than audio.max_seconds = 0.5, which training leaves out",
        "  1 of them named twice",
        "  1 recordings of valid are in train too: what is measured on them says nothing",
        f"error: {train}:8: {tmp_path}/nothing.wav does not exist.",
    ):
        assert f"{line}\n" in report


def test_an_empty_manifest_and_a_faulty_line_are_errors(tmp_path: Path) -> None:
    (tmp_path / "a.tsv").write_text("")
    (tmp_path / "b.tsv").write_text("no tab\n")
    parts = {"train": PairFiles((tmp_path / "a.tsv",)), "test": PairFiles((tmp_path / "b.tsv",))}
    found = check_manifests(parts, RATE, 0.01)
    assert found["train"].errors == [f"{tmp_path}/a.tsv names no recording."]
    assert found["test"].errors[0].startswith(f"{tmp_path}/b.tsv:1: no tab in the line")


def test_ready_features_last_as_long_as_their_frames(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.zeros((50, 3)))
    (tmp_path / "a.tsv").write_text("a.npy\tla\n")
    found = check_manifests({"train": PairFiles((tmp_path / "a.tsv",))}, RATE, 0.01)
    assert found["train"].seconds == [0.5]
    assert render(found, 30.0).endswith("Nothing is wrong that training would refuse.\n")
