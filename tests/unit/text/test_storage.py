import json
from pathlib import Path
from typing import Any

import pytest

from seqloom.base.errors import DamagedModelError, ResourceError
from seqloom.text.normalise import Normaliser
from seqloom.text.storage import save_tokenizer
from seqloom.text.tokenizer import Tokenizer, load_tokenizer
from seqloom.text.vocabulary import Vocabulary

KINDS = ["word", "space", "character", "byte", "unigram", "bpe"]
PAYLOAD = {
    "word": "vocabulary.json",
    "space": "vocabulary.json",
    "character": "vocabulary.json",
    "unigram": "subword.model",
    "bpe": "subword.model",
}


@pytest.fixture(params=KINDS)
def saved(
    request: pytest.FixtureRequest, tokenizers: dict[str, Tokenizer], tmp_path: Path
) -> tuple[Tokenizer, Path]:
    tokenizer = tokenizers[request.param]
    folder = tmp_path / "a" / "vocabulary"
    tokenizer.save(folder)
    return tokenizer, folder


def alter(folder: Path, **fields: Any) -> None:
    path = folder / "tokenizer.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | fields))


def test_load_gives_the_same_tokenizer(saved: tuple[Tokenizer, Path], corpus: list[str]) -> None:
    tokenizer, folder = saved
    loaded = load_tokenizer(folder)
    assert (loaded.kind, len(loaded), loaded.fingerprint()) == (
        tokenizer.kind,
        len(tokenizer),
        tokenizer.fingerprint(),
    )
    assert loaded.encode_many(corpus) == tokenizer.encode_many(corpus)
    expected = {"tokenizer.json"} | ({PAYLOAD[tokenizer.kind]} if tokenizer.kind in PAYLOAD else set())
    assert {file.name for file in folder.iterdir()} == expected


def test_the_header_is_readable(saved: tuple[Tokenizer, Path]) -> None:
    tokenizer, folder = saved
    assert json.loads((folder / "tokenizer.json").read_text()) == {
        "kind": tokenizer.kind,
        "form": "NFC",
        "lowercase": False,
        "size": len(tokenizer),
        "version": 1,
        "fingerprint": tokenizer.fingerprint(),
    }


def test_missing_files(saved: tuple[Tokenizer, Path]) -> None:
    tokenizer, folder = saved
    if tokenizer.kind in PAYLOAD:
        payload = folder / PAYLOAD[tokenizer.kind]
        payload.unlink()
        with pytest.raises(DamagedModelError, match=rf"{payload.name} is missing"):
            load_tokenizer(folder)
        payload.mkdir()
        with pytest.raises(DamagedModelError, match=rf"{payload.name} is a folder; expected a file"):
            load_tokenizer(folder)
    (folder / "tokenizer.json").unlink()
    with pytest.raises(
        DamagedModelError, match=r"tokenizer\.json is missing, without .* Copy the run's vocabulary"
    ):
        load_tokenizer(folder)
    with pytest.raises(DamagedModelError, match=r"tokenizer\.json is missing"):
        load_tokenizer(folder / "nowhere")


@pytest.mark.parametrize("saved", list(PAYLOAD), indirect=True)
def test_damaged_payloads_never_reach_the_parser(saved: tuple[Tokenizer, Path]) -> None:
    tokenizer, folder = saved
    payload = folder / PAYLOAD[tokenizer.kind]
    content = payload.read_bytes()
    for damaged in (b"", content[:-1], content[: len(content) // 2], content[:-9] + b"X" + content[-8:]):
        payload.write_bytes(damaged)
        with pytest.raises(
            DamagedModelError, match=rf"{payload.name} and tokenizer\.json in .* don't belong together"
        ):
            load_tokenizer(folder)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"kind": "words"}, "kind is 'words', which no tokenizer has"),
        ({"kind": ["word"]}, r"kind is \['word'\], which no tokenizer has"),
        ({"form": "nfc"}, "form is 'nfc', which no tokenizer has"),
        ({"lowercase": 0}, "lowercase is 0, which no tokenizer has"),
        ({"size": True}, "size is True, which no tokenizer has"),
        ({"version": 0}, "version is 0, which no tokenizer has"),
        ({"version": 2}, "version 2, made by a newer seqloom; this one reads up to 1"),
        ({"fingerprint": None}, "fingerprint is None, which no tokenizer has"),
        ({"lowercase": True}, "don't belong together: the fingerprint differs"),
        ({"size": 7}, "don't belong together: the fingerprint differs"),
    ],
)
def test_altered_headers(saved: tuple[Tokenizer, Path], fields: dict[str, Any], message: str) -> None:
    alter(saved[1], **fields)
    with pytest.raises(DamagedModelError, match=message) as caught:
        load_tokenizer(saved[1])
    assert "tokenizer.json" in str(caught.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [("[1]", "is not a JSON object"), ("{", "is not JSON"), ("{}", "lacks the field 'kind'")],
)
def test_headers_that_are_none(saved: tuple[Tokenizer, Path], content: str, message: str) -> None:
    (saved[1] / "tokenizer.json").write_text(content)
    with pytest.raises(DamagedModelError, match=message):
        load_tokenizer(saved[1])


def test_a_wrong_size_with_a_right_fingerprint(tmp_path: Path) -> None:
    save_tokenizer(tmp_path, "word", Normaliser(), 9, Vocabulary(["a"]).to_json())
    with pytest.raises(DamagedModelError, match=r"vocabulary\.json holds 5 symbols; tokenizer\.json says 9"):
        load_tokenizer(tmp_path)
    save_tokenizer(tmp_path, "bpe", Normaliser(), 9, b"not a model")
    with pytest.raises(DamagedModelError, match=r"subword\.model: This is no sentencepiece model"):
        load_tokenizer(tmp_path)


def test_a_folder_that_is_a_file(tokenizers: dict[str, Tokenizer], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ResourceError, match="file"):
        tokenizers["bpe"].save(tmp_path / "file" / "vocabulary")
