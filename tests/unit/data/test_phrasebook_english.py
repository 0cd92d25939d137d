"""The English of the bundled corpus, by rules written apart from the grammar."""

import re

import pytest

from seqloom.data.phrasebook import english, generate


@pytest.fixture(scope="module")
def sentences():
    return [pair.source for pair in generate()]


ONE = (
    r"(?:[Hh]e|[Ss]he|[Ii]t|Paul(?! and)|Louis|Marie(?! and)|Anna|[Mm]y (?:brother|sister|mother|father)"
    r"|[Oo]ur (?:uncle|aunt))"
)
MANY = r"(?:[Yy]ou|[Ww]e|[Tt]hey|[Mm]y (?:sisters|parents)|[Tt]he (?:girls|children)|\w+ and \w+)"
BARE = (
    "have do want need like love hate prefer know see hear live work play eat drink buy come go are am were"
)
WITH_S = (
    "has does wants needs likes loves hates prefers knows sees hears lives works eats drinks buys goes is was"
)
WRONG_PLURALS = (
    "mans womans mouses scarfs knifes citys ladys strawberrys cherrys potatos tomatos watchs boxs dresss"
)
WRONG_PASTS = (
    "buyed seed goed eated drinked taked losed forgeted swimmed writed readed choosed finded selled weared"
)
WRONG_ING = "geting swiming takeing writeing danceing haveing makeing studing comeing chooseing"


def any_of(words):
    return "(?:" + "|".join(words.split()) + ")"


# Each pattern is a mistake: it must find its example, and nothing in the corpus.
MISTAKES = {
    "a before a vowel": (r"\b[Aa] [aeioAEIO]|\b[Aa] u(?!niversity)", "It is a old car."),
    "an before a consonant": (r"\b[Aa]n (?![aeiouAEIOU])|\ban university", "It is an car."),
    "third person without s": (rf"^{ONE} {any_of(BARE)}\b", "My sister want a car."),
    "s after a plural": (rf"^(?:I (?!was)|{MANY} ){any_of(WITH_S)}\b", "Paul and Marie is here."),
    "do with the wrong person": (
        rf"^(?:Do|Are|Were|Have) {ONE}\b|^(?:Does|Is|Was|Has) {MANY}\b",
        "Do he know?",
    ),
    "a finite verb after do": (
        r"\b(?:do|does|did) not (?:(?!need)\w+(?:ed|ought)|has|is|saw|went|ate|took|wants)\b",
        "She did not bought a car.",
    ),
    "never on every day": (r"\b[Nn]ever\b.*\bevery\b", "Anna never cooks dinner every day."),
    "a person called it": (
        r"\b(?:Is it|It is not) an? (?:\w+ )*(?:man|woman|boy|girl|waiter|waitress|neighbor|friend|teacher)\b",
        "Is it a handsome man?",
    ),
    "do with be": (r"\b(?:do|does|did) (?:not )?be\b", "They do not be late."),
    "some after a negation": (
        r"\b(?:not|never|no longer) (?:\w+ )+some\b|\bThere (?:is|are) no some\b",
        "I do not want some tea.",
    ),
    "any without negation or question": (
        r"^(?!.*\b(?:not|never|no longer)\b).*\b(?:any|anything|anybody)\b.*\.$",
        "I want any tea.",
    ),
    "a plural after this": (
        r"\b[Tt]his (?:\w+ )?(?:cars|books|dogs|men|women|shirts|houses)\b",
        "I see this dogs.",
    ),
    "a singular after these": (
        r"\b[Tt]hese (?:\w+ )?(?:car|book|dog|man|woman|shirt|house)\b",
        "I see these dog.",
    ),
    "a singular after a number": (
        r"\b(?:two|three|four|five|ten) (?:\w+ )?(?:car|book|dog|man|shirt|euro|minute)\b",
        "I see ten black dog.",
    ),
    "a wrong plural": (rf"\b{any_of(WRONG_PLURALS)}\b", "I see two mouses."),
    "a wrong past": (rf"\b{any_of(WRONG_PASTS)}\b", "He goed home."),
    "a wrong -ing": (rf"\b{any_of(WRONG_ING)}\b", "He is takeing it."),
    "a small i": (r"\bi\b", "Am i late?"),
    "a contraction": (r"\b\w+n't\b|\b(?:I'm|it's|he's|she's|we're|they're|you're)\b", "He isn't late."),
    "space before a mark": (r"\s[.,?!]", "Where ?"),
    "two spaces, or one at an end": (r"\s\s|^\s|\s$", "Yes. "),
    "no capital in front": (r"^[^A-Z]", "yes."),
    "two marks": (r"[.?!,]{2}", "Yes.."),
    "a word twice": (r"\b(\w+) \1\b", "It is is cold."),
    "anything but letters and marks": (r"[^A-Za-z'é,.?! -]", "I have 2 cars."),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_it_is_free_of(sentences, mistake):
    pattern = re.compile(MISTAKES[mistake][0])
    assert [text for text in sentences if pattern.search(text)] == []


@pytest.mark.parametrize("mistake", MISTAKES)
def test_the_mistake_would_be_found(mistake):
    pattern, example = MISTAKES[mistake]
    assert re.search(pattern, example)


def test_questions_and_only_they_open_like_questions(sentences):
    opening = re.compile(
        r"^(?:Am|Are|Is|Was|Were|Do|Does|Did|Can|Would|Where|When|Why|Who|How|And you)\b"
        r"|^What (?:is|are|do|day|time|would)\b"
    )
    for text in sentences:
        if text.endswith("?"):
            assert opening.search(text.rpartition(". ")[2]), text  # after a greeting
        elif text != "How are you":
            assert not opening.search(text) or text.startswith("Do not "), text


def test_articles():
    assert [
        english.article(word) for word in ("car", "old car", "university", "hour", "owl")
    ] == "a an a an an".split()


def test_plurals():
    words = "car box watch dress city toy man scarf potato".split()
    expected = "cars boxes watches dresses cities toys men scarves potatoes".split()
    assert [english.plural(word) for word in words] == expected


def test_verbs():
    verbs = ["have", "look for", "watch", "study", "play", "do", "go to bed"]
    assert [english.third_person(verb) for verb in verbs] == [
        *("has", "looks for", "watches", "studies", "plays", "does", "goes to bed"),
    ]
    verbs = ["buy", "look for", "study", "play", "dance", "get up"]
    assert [english.past(verb) for verb in verbs] == [
        "bought",
        "looked for",
        "studied",
        "played",
        "danced",
        "got up",
    ]
    assert [english.participle(verb) for verb in ("see", "choose", "visit")] == ["seen", "chosen", "visited"]
    verbs = ["swim", "get up", "dance", "see", "play", "write"]
    assert [english.progressive(verb) for verb in verbs] == [
        *("swimming", "getting up", "dancing", "seeing", "playing", "writing"),
    ]


def test_numbers():
    assert [english.number(n) for n in (1, 13, 20, 21, 40, 99, 100)] == [
        *("one", "thirteen", "twenty", "twenty-one", "forty", "ninety-nine", "one hundred"),
    ]
    assert [english.ordinal(n) for n in (1, 2, 3, 5, 8, 9, 12, 20, 21, 30, 31)] == [
        *("first", "second", "third", "fifth", "eighth", "ninth", "twelfth"),
        *("twentieth", "twenty-first", "thirtieth", "thirty-first"),
    ]
