"""The bundled corpus as a corpus: its size, its parts, and that it is a function."""

import re
from collections import Counter

import pytest

from seqloom.base.errors import ResourceError
from seqloom.data.phrasebook import generate, splits, write_phrasebook
from seqloom.data.phrasebook.draw import Draw, distinct
from seqloom.data.phrasebook.lexicon import ADJECTIVES, FIELDS, HELD_OUT
from seqloom.data.phrasebook.words import Sentence

PARTS = ("train", "valid", "test", "combinations")
IRREGULAR = {"man": "men", "woman": "women", "mouse": "mice", "scarf": "scarves", "knife": "knives"}


@pytest.fixture(scope="module")
def parts():
    return splits()


def forms(noun):
    """The English singular and plural of a noun, worked out apart from the grammar."""
    many = IRREGULAR.get(noun) or re.sub(r"([^aeiou])y$", r"\1ie", noun) + (
        "es" if noun[-1] in "sxh" else "s"
    )
    return {noun, many}


def bags(pairs):
    """The set of words of each English side."""
    return [set(re.findall(r"[\w-]+", pair.source)) for pair in pairs]


def test_it_has_the_size_that_the_demo_can_learn_in_two_minutes():
    assert 14_000 <= len(generate()) <= 18_000


def test_generating_twice_gives_the_same_pairs_in_the_same_order():
    first = generate()
    assert first == generate()
    assert first[0] == ("Hello!", "Bonjour !")


def test_the_corpus_is_a_function_of_the_english_side():
    english = [pair.source for pair in generate()]
    assert len(english) == len(set(english))


def test_the_french_side_nearly_determines_the_english_one():
    french = Counter(pair.target for pair in generate())
    assert sum(count - 1 for count in french.values()) < 30


def test_the_parts_have_their_sizes(parts):
    assert tuple(parts) == PARTS
    sizes = {name: len(pairs) for name, pairs in parts.items()}
    assert sum(sizes.values()) == len(generate())
    assert 500 <= sizes["valid"] <= 510
    assert 500 <= sizes["test"] <= 510
    assert 300 <= sizes["combinations"] <= 500


@pytest.mark.parametrize("side", [0, 1])
def test_no_sentence_of_either_language_stands_in_two_parts(parts, side):
    belongs = {}
    for name, pairs in parts.items():
        for pair in pairs:
            assert belongs.setdefault(pair[side], name) == name, pair


def test_every_pair_of_the_corpus_stands_in_some_part(parts):
    assert {pair for pairs in parts.values() for pair in pairs} == set(generate())


def test_the_seed_draws_other_tests_but_the_same_combinations(parts):
    others = splits(seed=1)
    assert set(others["test"]) != set(parts["test"])
    assert len(set(others["test"]) & set(parts["test"])) < 100
    assert set(others["combinations"]) == set(parts["combinations"])
    assert splits(seed=1) == others


def test_the_parts_are_mixed_and_not_in_order_of_topic(parts):
    hundred = [pair.source for pair in parts["test"][:100]]
    assert 10 < sum(sentence.endswith("?") for sentence in hundred) < 60
    assert len({sentence.split()[0] for sentence in hundred}) > 20


def test_held_out_combinations_never_meet_outside_their_part(parts):
    elsewhere = bags([pair for name in ("train", "valid", "test") for pair in parts[name]])
    for noun, adjective in HELD_OUT:
        assert not any(adjective in words and forms(noun) & words for words in elsewhere), (noun, adjective)


def test_each_half_of_a_held_out_combination_is_common_in_training(parts):
    counts = Counter(word for words in bags(parts["train"]) for word in words)
    for noun, adjective in HELD_OUT:
        assert sum(counts[form] for form in forms(noun)) >= 25, noun
        assert counts[adjective] >= 25, adjective


def test_each_held_out_combination_is_tested(parts):
    combinations = bags(parts["combinations"])
    for noun, adjective in HELD_OUT:
        found = [words for words in combinations if adjective in words and forms(noun) & words]
        assert len(found) >= 3, (noun, adjective)


def test_combinations_spread_over_genders_and_places_of_the_adjective():
    noun_of = {noun.english: noun for field in FIELDS for noun in field.nouns}
    kinds = Counter((noun_of[noun].gender, ADJECTIVES[adjective].before) for noun, adjective in HELD_OUT)
    assert len({noun for noun, _ in HELD_OUT}) >= 40
    assert len({adjective for _, adjective in HELD_OUT}) >= 25
    assert min(kinds.values()) >= 8
    assert len(kinds) == 4


def test_held_out_combinations_are_ones_that_the_grammar_makes():
    made = {
        (noun.english, name) for field in FIELDS for noun in field.nouns for name in field.adjectives.split()
    }
    assert made >= HELD_OUT


@pytest.mark.parametrize("side", [0, 1])
def test_no_part_asks_for_a_word_that_training_does_not_show(parts, side):
    def words(pair):
        return re.findall(r"\w+(?:-\w+)*", pair[side])

    known = Counter(word for pair in parts["train"] for word in words(pair))
    for name in ("valid", "test", "combinations"):
        assert [word for pair in parts[name] for word in words(pair) if not known[word]] == []


def test_the_phrases_of_the_demo_are_trained_on(parts):
    train = dict(parts["train"])
    assert train["How are you?"] == "Comment ça va ?"
    assert train["How are you"] == "Comment ça va"
    assert train["I am happy"] == "Je suis heureux"
    assert train["I am happy."] == "Je suis heureux."
    assert train["It is half past three."] == "Il est trois heures et demie."


def test_writing_gives_parallel_files_a_licence_and_a_readme(tmp_path, parts):
    folder = tmp_path / "new" / "phrasebook"
    counts = write_phrasebook(folder)
    assert counts == {name: len(pairs) for name, pairs in parts.items()}
    for name in PARTS:
        english = (folder / f"{name}.en").read_bytes().decode("utf-8")
        french = (folder / f"{name}.fr").read_bytes().decode("utf-8")
        assert "\r" not in english + french
        assert english.endswith("\n")
        lines = zip(english.split("\n")[:-1], french.split("\n")[:-1], strict=True)
        assert list(lines) == [tuple(pair) for pair in parts[name]]
    assert "CC0-1.0" in (folder / "LICENSE.txt").read_text(encoding="utf-8")
    assert f"| test | {counts['test']} |" in (folder / "README.md").read_text(encoding="utf-8")
    assert len(list(folder.iterdir())) == 2 * len(PARTS) + 2


def test_writing_where_a_file_stands_says_so(tmp_path):
    (tmp_path / "taken").write_text("")
    with pytest.raises(ResourceError, match=r"Can't create the folder .*taken"):
        write_phrasebook(tmp_path / "taken")


def test_a_draw_depends_on_its_name_alone():
    options = range(100)
    assert [Draw("a").one(options) for _ in range(3)] == [Draw("a").one(options)] * 3
    draw = Draw("a")
    assert [draw.one(options) for _ in range(6)] == [35, 68, 88, 64, 67, 77]
    assert Draw("b").digits != Draw("a").digits


def test_a_draw_is_even():
    counts = Counter(Draw(str(number)).below(4) for number in range(4_000))
    assert all(900 < counts[digit] < 1_100 for digit in range(4))


def test_a_rule_with_too_little_to_say_is_an_error():
    def rule(draw):
        return Sentence(draw.one("abc"), "")

    assert {sentence.english for sentence in distinct("letters", 3, rule)} == set("abc")
    with pytest.raises(ValueError, match="letters: 4 sentences asked for, but it only says 3 different ones"):
        list(distinct("letters", 4, rule))


def test_a_contradiction_between_rules_is_an_error(monkeypatch):
    from seqloom.data.phrasebook import grammar

    class Topic:
        @staticmethod
        def sentences():
            return [Sentence("Hi!", "Salut !"), Sentence("Hi!", "Bonjour !")]

    monkeypatch.setattr(grammar, "TOPICS", (Topic,))
    with pytest.raises(ValueError, match="'Hi!' has two translations: 'Salut !' and 'Bonjour !'"):
        grammar.all_sentences.__wrapped__()
