"""Recordings as frames on disk: prepared once, keyed by content, everything left out or put right is said."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from seqloom.audio.log_mel import FilterBank
from seqloom.audio.preprocessing import Preprocessing
from seqloom.base.errors import DataError
from seqloom.data.readers import PairFiles
from seqloom.data.sound_batches import SoundBatches
from seqloom.data.sound_corpus import SoundCorpus, SoundSettings, positions_needed, prepare_sound_corpus
from seqloom.text.tokenizer import train_tokenizer
from sounds import RATE, tone, write_recordings

SETTINGS = SoundSettings(
    Preprocessing(FilterBank(RATE, 12), 12, 10.0, "corpus"),
    speeds=(0.9, 1.0),
    max_length=10,
    max_frames=100,
    reduction=0,
    storage="float16",
)
TOKENIZER = train_tokenizer(["la mi so"], kind="word", size=20)


def prepare(manifest: Path, **changes: object) -> SoundCorpus:
    return prepare_sound_corpus(
        PairFiles((manifest,)), TOKENIZER, replace(SETTINGS, **changes), manifest.parent / "cache"
    )


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    return write_recordings(tmp_path, "train", 9)


def test_rows_are_the_frames_of_their_files_at_each_speed(manifest: Path) -> None:
    corpus = prepare(manifest)
    assert (len(corpus), corpus.speeds, corpus.features, corpus.notices) == (9, (0.9, 1.0), 12, ())
    for row in (0, 5, 8):
        played, _ = SETTINGS.preprocessing.read_at_speeds(manifest.parent / f"train/{row}.wav", (0.9, 1.0))
        for speed, frames in enumerate(played):
            assert np.abs(corpus.frames(row, speed) - frames).max() < 0.02  # float16
            assert corpus.frame_lengths[speed, row] == len(frames)
    assert corpus.target(1).tolist() == TOKENIZER.encode("mi la")
    every = np.concatenate([corpus.frames(row, 1) for row in range(9)])
    assert np.allclose(corpus.statistics.mean, every.mean(axis=0), atol=0.01)
    assert corpus.seconds == pytest.approx(len(every) / 100)
    assert np.array_equal(prepare(manifest, storage="float32").frames(8, 1), played[1])


def test_it_is_prepared_once_and_anew_when_anything_changes(manifest: Path) -> None:
    first = prepare(manifest)
    stamp = (first.folder / "meta.json").stat().st_mtime_ns
    again = prepare(manifest)
    assert (again.key, (again.folder / "meta.json").stat().st_mtime_ns) == (first.key, stamp)
    assert prepare(manifest, speeds=(1.0,)).key != first.key
    soundfile.write(manifest.parent / "train/3.wav", tone(["so"], 0.2), RATE)
    assert prepare(manifest).key != first.key


def test_a_damaged_one_is_prepared_again(manifest: Path) -> None:
    first = prepare(manifest)
    values = first.folder / "frames-1.values"
    values.write_bytes(values.read_bytes()[:-2])
    again = prepare(manifest)
    assert again.notices[0].endswith("It was prepared again.")
    assert np.array_equal(again.frames(8, 1), prepare(manifest).frames(8, 1))
    assert len(again.frames(8, 1)) == again.frame_lengths[1, 8]


def test_what_is_left_out_is_counted(manifest: Path) -> None:
    with manifest.open("a") as stream:
        stream.write("train/0.wav\t \ntrain/1.wav\t" + "la " * 11 + "\n")
        stream.write("long.wav\tla\ntrain/0.wav\t" + "la " * 9 + "\n")
    soundfile.write(manifest.parent / "long.wav", tone(["la"], 2.0), RATE)
    corpus = prepare(manifest, reduction=4)
    assert len(corpus) == 9
    assert corpus.notices == (
        "Left out 4 of 13 recordings: 1 empty text, 1 text too long, 1 sound too long, 1 sound too short for its text.",
    )
    assert positions_needed([4, 4, 5, 5, 5]) == 8


def test_what_was_put_right_is_said_the_rest_counted(tmp_path: Path) -> None:
    manifest = write_recordings(tmp_path, "train", 5, rate=8000)
    notices = prepare(manifest).notices
    assert notices[0] == f"{tmp_path}/train/0.wav: it was resampled from 8,000 to 4,000 samples a second."
    assert notices[3:] == ("2 more recordings were converted in such ways.",)


def test_a_file_that_can_t_be_used_is_named_with_its_line(manifest: Path) -> None:
    (manifest.parent / "train/4.wav").write_bytes(b"RIFFnonsense")
    with pytest.raises(DataError, match=r"train\.tsv:5: .*4\.wav is no sound file that can be read"):
        prepare(manifest)
    (manifest.parent / "train/4.wav").unlink()
    with pytest.raises(DataError, match=r"train\.tsv:5: there is no recording .*4\.wav; paths are seen from"):
        prepare(manifest)


def test_nothing_left_is_refused(tmp_path: Path) -> None:
    manifest = tmp_path / "a.tsv"
    manifest.write_text("")
    with pytest.raises(
        DataError, match=r"a\.tsv: no recording is left to learn from\. The manifest is empty\."
    ):
        prepare(manifest)


def test_ready_features_too_large_for_the_storage_are_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.full((5, 2), 1e6))
    (tmp_path / "a.tsv").write_text("a.npy\tla\n")
    ready = Preprocessing(None, 2, 10.0, "none")
    with pytest.raises(
        DataError, match=r'a\.npy has a feature of 1e\+06, .* Set audio\.storage = "float32"\.'
    ):
        prepare(tmp_path / "a.tsv", preprocessing=ready)
    corpus = prepare(tmp_path / "a.tsv", preprocessing=ready, storage="float32")
    assert corpus.frames(0, 1)[0, 0] == 1e6


# Batches


def batches_of(corpus: SoundCorpus, **options: object) -> SoundBatches:
    preprocessing = SETTINGS.preprocessing.with_statistics(corpus.statistics)
    return SoundBatches(corpus, preprocessing, seed=1, frames_per_batch=120, **options)


def test_batches_are_a_function_of_seed_epoch_and_index(manifest: Path) -> None:
    from seqloom.audio.augment import Masks

    source = batches_of(prepare(manifest), masks=Masks(1, 5, 0.5, 1, 3))
    whole = list(source.batches(2, 0))
    assert len(whole) == source.count(2) > 2
    for start in (1, len(whole) - 1):
        for found, expected in zip(source.batches(2, start), whole[start:], strict=True):
            assert found.source.equal(expected.source)
            assert found.target_output.equal(expected.target_output)
    assert sum(map(len, whole)) == 9
    assert all(len(batch) * batch.source.shape[1] <= 120 for batch in whole)
    other = list(source.batches(3, 0))
    assert {batch.source.sum().item() for batch in other}.isdisjoint(
        {batch.source.sum().item() for batch in whole}
    )


def test_speeds_are_drawn_for_each_row_and_frames_are_normalised(manifest: Path) -> None:
    corpus = prepare(manifest)
    source = batches_of(corpus)
    assert set(source.speeds(0).tolist()) == {0, 1}
    assert source.speeds(0).tolist() != source.speeds(1).tolist()
    lengths = sorted(
        int(length) for batch in source.batches(0, 0) for length in batch.source_lengths.tolist()
    )
    assert lengths == sorted(corpus.frame_lengths[source.speeds(0), np.arange(9)].tolist())
    (batch,) = SoundBatches(corpus, source.preprocessing, seed=1, frames_per_batch=10_000).batches(0, 0)
    heard = batch.source[batch.source_mask]
    assert abs(float(heard.mean())) < 0.1
    assert abs(float(heard.std()) - 1) < 0.15
    assert (batch.source[~batch.source_mask] == 0).all()
