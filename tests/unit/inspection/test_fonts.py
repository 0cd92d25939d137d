"""Which font draws which script, whatever is installed here."""

import logging
from pathlib import Path

import pytest

from seqloom.inspection import fonts
from seqloom.inspection.fonts import BASE, BOX, Face, choose_fonts, installed_faces, scripts_of

# Pretended fonts: family -> the characters they have.
LATIN = "abcdefghijklmnopqrstuvwxyz. ▁□"
PRETENDED = {
    BASE: LATIN + "مرحبا",
    "Noto Sans CJK SC": LATIN + "你好直",
    "Noto Sans CJK JP": LATIN + "你好直ひら",
    "Noto Sans CJK KR": LATIN + "직直",
    "Noto Naskh Arabic": "مرحباپ\u064b",
    "Zebra Serif": "नमस्ते",
    "Noto Sans Devanagari": "नमस्ते",
    "Odd Signs": LATIN + "☃",
}


@pytest.fixture
def _pretend(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fonts, "installed_faces", lambda: [Face(name, name, 0) for name in PRETENDED])
    monkeypatch.setattr(fonts, "covered", lambda path, _: frozenset(map(ord, PRETENDED[path])))
    monkeypatch.setattr(fonts, "find_new_fonts", lambda: None)


def test_characters_are_sorted_by_script() -> None:
    assert scripts_of(["ab", "مرحبا", "東京は、", "नम", "–1"]) == {
        "common": frozenset("ab–1"),
        "arabic": frozenset("مرحبا"),
        "han": frozenset("東京は、"),
        "devanagari": frozenset("नम"),
    }


def test_marks_go_with_their_letter() -> None:
    assert scripts_of(["ب\u064b"]) == {"arabic": frozenset("ب\u064b")}


@pytest.mark.usefixtures("_pretend")
class TestChoice:
    def test_the_base_font_is_enough_where_it_has_everything(self) -> None:
        (chosen,), notice = choose_fonts(["abc", "مرحبا"])
        assert notice is None
        assert chosen.families("مرحبا") == [BASE]

    def test_a_script_changes_font_as_a_whole(self) -> None:
        (chosen,), notice = choose_fonts(["مرحبا", "پ"])
        assert notice is None
        assert chosen.families("مرحبا") == ["Noto Naskh Arabic", BASE]
        assert chosen.families("abc") == [BASE]

    def test_han_characters_follow_the_language(self) -> None:
        (chinese, japanese, korean), notice = choose_fonts(["直"], ["直", "ひら"], ["直", "직"])
        assert notice is None
        families = [item.families("直")[0] for item in (chinese, japanese, korean)]
        assert families == ["Noto Sans CJK SC", "Noto Sans CJK JP", "Noto Sans CJK KR"]

    def test_any_installed_font_serves_a_script_that_is_not_listed(self) -> None:
        (chosen,), notice = choose_fonts(["नमस्ते"])
        assert notice is None
        assert chosen.families("नमस्ते") == ["Noto Sans Devanagari", BASE]

    def test_a_rare_sign_does_not_change_the_letters(self) -> None:
        (chosen,), _ = choose_fonts(["abc", "☃"])
        assert chosen.families("abc☃") == [BASE, "Odd Signs"]

    def test_missing_fonts_are_named_once_in_a_sentence(self, caplog: pytest.LogCaptureFixture) -> None:
        with caplog.at_level(logging.WARNING):
            (first, second), notice = choose_fonts(["你爨abc"], ["ქა"])
        assert notice == (
            "No installed font has 3 of this picture's characters (chinese, georgian: ა ქ 爨), so they are drawn as □: "
            "install fonts-noto-cjk and fonts-noto-core (Debian, Ubuntu) or the Noto font of that script, "
            "and draw it again."
        )
        assert [record.getMessage() for record in caplog.records] == [notice]
        assert first.drawable("你爨abc") == f"你{BOX}abc"
        assert second.drawable("ქა") == BOX * 2

    def test_fonts_installed_since_are_found(self, monkeypatch: pytest.MonkeyPatch) -> None:
        late = dict(PRETENDED)
        monkeypatch.setattr(fonts, "installed_faces", lambda: [Face(name, name, 0) for name in late])
        monkeypatch.setattr(fonts, "covered", lambda path, _: frozenset(map(ord, late[path])))
        monkeypatch.setattr(fonts, "find_new_fonts", lambda: late.update({"Noto Sans Georgian": "ქა"}))
        (chosen,), notice = choose_fonts(["ქა"])
        assert notice is None
        assert chosen.families("ქა") == ["Noto Sans Georgian", BASE]


def test_the_base_font_comes_with_matplotlib_and_has_arabic_and_hebrew() -> None:
    face = next(face for face in installed_faces() if face.family == BASE)
    assert frozenset(map(ord, "abcéßжλ▁…□␣∅مرحباשלום")) <= fonts.covered(face.path, face.number)
    assert not any("Last Resort" in face.family for face in installed_faces())


def test_a_file_that_is_no_font_covers_nothing(tmp_path) -> None:
    (tmp_path / "broken.ttf").write_bytes(b"not a font")
    assert fonts.covered(str(tmp_path / "broken.ttf"), 0) == frozenset()
    assert fonts.covered(str(tmp_path / "missing.ttf"), 0) == frozenset()


def test_new_font_files_are_added_and_broken_ones_passed_over(
    monkeypatch: pytest.MonkeyPatch, tmp_path
) -> None:
    from matplotlib import font_manager

    (tmp_path / "broken.ttf").write_bytes(b"not a font")
    base = next(face.path for face in installed_faces() if face.family == BASE)
    copy = tmp_path / "copy.ttf"
    copy.write_bytes(Path(base).read_bytes())
    monkeypatch.setattr(font_manager.fontManager, "ttflist", list(font_manager.fontManager.ttflist))
    monkeypatch.setattr(font_manager, "findSystemFonts", lambda: [str(tmp_path / "broken.ttf"), str(copy)])
    fonts.find_new_fonts()
    assert str(copy) in {entry.fname for entry in font_manager.fontManager.ttflist}
