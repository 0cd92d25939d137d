"""The French of the bundled corpus, by rules and word lists written apart from the grammar."""

import re

import pytest

from seqloom.data.phrasebook import french, generate
from seqloom.data.phrasebook.people import WE, I
from seqloom.data.phrasebook.verbs import GET_UP, REST
from seqloom.data.phrasebook.words import Subject


def any_of(words):
    return "(?:" + "|".join(words.split()) + ")"


VOWEL = r"(?!(?:huit|onze|oui|hamster|hibou|haricot|harpe|hockey|Hongrie))[aeiouyhàâéèêîôœAEIOUYHÀÂÉÈÊÎÔŒ]"
CONSONANT = r"[bcdfgjklmnpqrstvwxzBCDFGJKLMNPQRSTVWXZ]"
FEMININE = any_of(
    "voiture moto camionnette chemise robe jupe veste cravate écharpe table chaise lampe armoire horloge "
    "maison chambre boulangerie ville île église plage tortue grenouille souris valise montre bouteille boîte "
    "tasse assiette guitare histoire chanson femme dame actrice infirmière danseuse serveuse gare banque "
    "poste pharmacie bibliothèque piscine université mairie école viande soupe salade glace confiture huile "
    "bière eau pomme carotte cerise fraise tomate pièce bougie photo carte page place minute heure sœur mère "
    "tante clé adresse fenêtre porte étagère radio leçon"
)
MASCULINE = any_of(
    "bateau camion vélo manteau chapeau pull costume canapé bureau fauteuil miroir appartement hôtel "
    "restaurant magasin village musée château jardin chien chat cheval lapin hamster oiseau écureuil hibou "
    "serpent ours renard sac téléphone ordinateur parapluie couteau stylo livre film poème article roman "
    "homme serveur acteur étudiant voisin médecin chanteur ami aéroport hôpital marché cinéma supermarché "
    "théâtre commissariat stade port parc pain fromage poulet chocolat poisson jambon riz beurre ail miel sel "
    "sucre café lait thé vin œuf oignon légume champignon timbre euro arbre jour frère père oncle passeport "
    "billet portefeuille cahier train bus placard salon frigo journal"
)
VOWEL_MASCULINE = any_of(
    "appartement hôtel oiseau écureuil ours ordinateur article homme acteur étudiant ami arbre"
)
MASCULINE_FORMS = any_of(
    "bleu vert blanc noir gris court cher élégant lourd intéressant intelligent sérieux poli français anglais "
    "italien espagnol allemand petit grand joli vieux bon mauvais long beau nouveau"
)
FEMININE_FORMS = any_of(
    "bleue verte blanche noire grise courte chère élégante lourde intéressante intelligente sérieuse polie "
    "française anglaise italienne espagnole allemande petite grande jolie vieille bonne mauvaise longue belle "
    "nouvelle"
)
POSTPOSED = any_of(
    "rouges? bleue?s? verte?s? blanc(?:he)?s? noire?s? jaunes? grise?s? chers? chères? rapides? modernes? "
    "lourde?s? calmes? bizarres? célèbres? drôles? tristes? français italiennes? anglaise?s? sympathiques? "
    "timides? polie?s?"
)
PREPOSED = any_of(
    "petit petite grand grande beau belle joli jolie nouveau nouvelle vieux vieille jeune bon bonne"
)
PREPOSED_PLURAL = any_of(
    "petits petites grands grandes beaux belles jolis jolies nouveaux nouvelles vieux vieilles jeunes bons "
    "bonnes longs longues mauvais mauvaises"
)
NUMBER = any_of("deux trois quatre cinq six sept huit neuf dix onze")
SHE = r"(?:Elle|Marie|Anna|[MT]a (?:sœur|mère)|Notre tante)"
THEY_FEMININE = r"(?:Mes sœurs|Les filles|Marie et Anna)"
BE_PARTICIPLES = any_of("allé arrivé revenu devenu resté levé couché amusé reposé habillé")
# Words that look like a plural and are none.
ENDS_IN_S = any_of(
    "bus gris ours tapis jus souris français anglais mauvais vieux temps repas riz choix prix nez trois deux "
    "six dix vers"
)

# Each pattern is a mistake: it must find its example, and nothing in the corpus.
MISTAKES = {
    "no elision": (
        rf"(?<![\w-])(?:[Jj]e|[mts]e|[Ll]e|[Ll]a|[Dd]e|[Nn]e|[Qq]ue|jusque) {VOWEL}",
        "Il parle de amis.",
    ),
    "ce est, si il": (r"(?<!-)\b[Cc]e est\b|\b[Ss]i ils?\b", "Il est calme si il pleut."),
    "elision before a consonant": (rf"(?<!d)'{CONSONANT}", "L'voiture est là."),
    "elision before an aspirated h": (
        r"'(?:hockey|Hongrie|hamster|hibou|haricot|harpe|huit|onze)",
        "Voici l'hamster.",
    ),
    "no contraction": (r"\b(?:[Dd]e|[Àà]) les? ", "Je vais à le parc."),
    "contraction before a vowel": (rf"\b(?:du|au) {VOWEL}", "Je vais au hôtel."),
    "ma before a vowel": (rf"\b[MmTtSs]a {VOWEL}", "Voici ma adresse."),
    "mon before a feminine consonant": (rf"\b[MmTtSs]on (?!{VOWEL}){FEMININE}\b", "Où est mon robe ?"),
    "ce before a vowel": (rf"(?<!-)\b[Cc]e {VOWEL}", "Je vois ce homme."),
    "cet before a consonant": (rf"\b(?:[Cc]et|bel|nouvel|vieil) {CONSONANT}", "Je vois cet chat."),
    "beau before a vowel": (
        rf"\b(?:beau|nouveau|(?:[Uu]n|[Ll]e|[Cc]et?|[MmTtSs]on|[Qq]uel) vieux) {VOWEL_MASCULINE}\b",
        "Voici un beau homme.",
    ),
    "masculine article, feminine noun": (
        rf"\b(?:[Uu]n|[Ll]e|du|au|[Cc]et?|[Qq]uel|aucun) (?:\w+ )?{FEMININE}\b",
        "Le petite table est là.",
    ),
    "feminine article, masculine noun": (
        rf"\b(?:[Uu]ne|[Ll]a|[Cc]ette|[MmTtSs]a|[Qq]uelle) (?:\w+ )?{MASCULINE}\b",
        "Où est la chat ?",
    ),
    "masculine adjective behind a feminine noun": (
        rf"\b{FEMININE}s? {MASCULINE_FORMS}s?\b",
        "J'ai une table vert.",
    ),
    "feminine adjective behind a masculine noun": (
        rf"\b{MASCULINE}[sx]? {FEMININE_FORMS}s?\b",
        "J'ai deux manteaux vertes.",
    ),
    "masculine adjective before a feminine noun": (
        rf"\b{MASCULINE_FORMS}s? {FEMININE}\b",
        "Voici leur petit table.",
    ),
    "feminine adjective before a masculine noun": (
        rf"\b{FEMININE_FORMS}s? {MASCULINE}\b",
        "Voici leur petite chat.",
    ),
    "feminine subject, masculine adjective": (
        rf"^(?:La|Cette|Ma|Ta|Sa) {FEMININE} (?:n'est pas|est)(?: très| trop)? {MASCULINE_FORMS}\b",
        "La table est trop petit.",
    ),
    "masculine subject, feminine adjective": (
        rf"^(?:Le|Ce|Mon|Ton|Son) {MASCULINE} (?:n'est pas|est)(?: très| trop)? {FEMININE_FORMS}\b",
        "Mon chat n'est pas noire.",
    ),
    "an adjective that belongs behind": (
        rf"\b(?:une?|[Ll][ea]|[Cc]ette|[Dd]es) {POSTPOSED} (?:{FEMININE}|{MASCULINE})s?\b",
        "Je veux une rouge robe.",
    ),
    "an adjective that belongs before": (
        rf"\b(?:{FEMININE}|{MASCULINE}) {PREPOSED}\b",
        "Je veux une robe jolie.",
    ),
    "marron with an agreement": (r"\bmarrons\b|\bmarronne", "J'ai deux chiens marrons."),
    "singular after a plural article": (
        r"\b(?:[Ll]es|[Dd]es|[Cc]es|[MmTtSs]es|[NnVv]os|[Ll]eurs|aux|[Qq]uel(?:le)?s) (?!États|Pays)\w*[^sxz\W]\b",
        "Voici les chat.",
    ),
    "singular after a number": (
        rf"\b{NUMBER} (?!ours|souris)(?:{FEMININE}|{MASCULINE})\b",
        "J'ai deux chat.",
    ),
    "plural after a singular article": (
        rf"(?<!et )(?<!-)\b(?:[Uu]ne?|[Ll][ea]|[Cc]e(?:t|tte)?|[MmTtSs]on|[MmTtSs]a) (?!{ENDS_IN_S}\b)\w+[sx]\b",
        "Voici un chats.",
    ),
    "des before an adjective in front": (rf"\b[Dd]es {PREPOSED_PLURAL} ", "Il a des petits chats."),
    "an article after a negation": (
        r"(?:n'(?!est|étai)|ne (?!sont|suis|sommes|jou|v[ie]|revi))\S+ (?:pas|plus|jamais) (?:une?|des|du) ",
        "Je n'ai pas une voiture.",
    ),
    "an article after a quantity": (
        r"\b(?:beaucoup|peu|trop|assez|kilo|tasse|verre|bouteille) (?:du|des|de la|de l')\b",
        "Il boit trop du café.",
    ),
    "an article before a profession": (
        r"^(?:Il|Elle|Paul|Marie) est une? (?:pilote|médecin|avocate?|infirmière?)\b",
        "Elle est une pilote.",
    ),
    "feminine without agreement of the participle": (
        rf"^{SHE} (?:ne |n'|s')*est (?:pas )?{BE_PARTICIPLES}\b",
        "Elle s'est levé.",
    ),
    "feminine plural without agreement": (
        rf"^{THEY_FEMININE} (?:ne )?(?:se )?sont (?:pas )?{BE_PARTICIPLES}s?\b",
        "Mes sœurs ne sont pas allés à Paris.",
    ),
    "masculine with a feminine participle": (
        rf"^(?:Il|Paul|Louis|Mon père|Mon frère) (?:n'|s')?est {BE_PARTICIPLES}e",
        "Il est allée à Paris.",
    ),
    "plural without s": (
        rf"^(?:Ils|Nous) (?:ne |nous |se )*(?:sont|sommes) (?:pas )?{BE_PARTICIPLES}\b",
        "Nous nous sommes levé.",
    ),
    "je with another person's verb": (
        r"^(?:Je (?:ne )?|J'|Je n')(?:me )?\w+(?:ons|ez|ent)\b",
        "Je ne mangeons pas.",
    ),
    "tu without s": (r"^Tu (?:ne |n'|me )?+\w++(?<!s)", "Tu n'est pas triste."),
    "nous without ons": (r"^Nous (?:ne |n')?+(?:nous )?+(?!sommes)\w++(?<!ons)", "Nous ne nous amusez pas."),
    "vous without ez": (
        r"^Vous (?:ne |n')?+(?:vous )?+(?!êtes|faites|dites)\w++(?<!ez)",
        "Vous n'avons pas faim.",
    ),
    "ils without nt": (
        r"^(?:Ils|Elles|Mes parents|Les enfants) (?:ne |n')?+(?:se |s')?+\w++(?<!nt)",
        "Mes parents ne se lève pas.",
    ),
    "il with a plural verb": (
        r"^(?:Il|Elle|Paul|Louis) (?:ne |n')?(?:\w+(?:ons|ez)|sont|ont|vont|font)\b",
        "Il n'ont pas faim.",
    ),
    "quatre-vingts before a number": (
        r"quatre-vingts-|quatre-vingt(?!s|-)|quatre-vingt et|\bcents\b",
        "Il a quatre-vingt ans.",
    ),
    "a number of another country": (r"septante|huitante|octante|nonante", "Il a septante ans."),
    "no et in a number": (
        r"(?:trente|quarante|cinquante|soixante|(?<!quatre-)vingt)-une?\b|soixante-onze",
        "Il a vingt-un ans.",
    ),
    "a number without hyphen": (
        rf"(?:vingt|trente|quarante|cinquante|soixante) {NUMBER}\b",
        "Il a trente deux ans.",
    ),
    "un before a feminine noun": (
        r"(?:et |-)un (?:cartes|pièces|bougies|photos|pages|minutes)\b",
        "Vingt et un pages.",
    ),
    "une before a masculine noun": (
        r"(?:et |-)une (?:timbres|euros|ans|jours|arbres|étudiants)\b",
        "Vingt et une ans.",
    ),
    "half an hour without e": (r"heures? et demi\b|midi et demie", "Il est une heure et demi."),
    "one hour too many or too few": (rf"\b{NUMBER} heure\b|\bune heures\b", "Il est trois heure."),
    "a capital in a day, month or language": (
        r"(?<!^)\b(?:Lundi|Mardi|Mai|Juin|Août|Français|Anglais)",
        "À Lundi !",
    ),
    "no space before ? or !": (r"[^ ][?!]", "Où?"),
    "space before . or ,": (r"\s[.,]", "Oui ."),
    "two spaces, or one at an end": (r"\s\s|^\s|\s$|\t|\xa0|\u202f", "Où  ?"),
    "no capital in front": (r"^[^A-ZÀÇÉÊÎÔ]", "où ?"),
    "two marks": (r"[.,?!] ?[.?!,]", "Oui,."),
    "a word twice": (r"\b(?!nous|vous)(\w+) \1\b", "Il est est là."),
    "anything but letters and marks": (r"[^A-Za-zàâçéèêëîïôùûœÀÇÉÊÎÔ',.?! -]", "J'ai 2 chats."),
}


@pytest.fixture(scope="module")
def translations():
    return dict(generate())


@pytest.fixture(scope="module")
def sentences(translations):
    return list(dict.fromkeys(translations.values()))


@pytest.mark.parametrize("mistake", MISTAKES)
def test_it_is_free_of(sentences, mistake):
    pattern = re.compile(MISTAKES[mistake][0])
    assert [text for text in sentences if pattern.search(text)] == []


@pytest.mark.parametrize("mistake", MISTAKES)
def test_the_mistake_would_be_found(mistake):
    pattern, example = MISTAKES[mistake]
    assert re.search(pattern, example)


def test_every_ne_has_its_second_part(sentences):
    second = re.compile(r"\b(?:pas|jamais|plus|rien|personne|aucune?)\b")
    for text in sentences:
        first = re.search(r"(?:\b[Nn]e |\b[Nn]')", text)
        if first and not text.startswith("Personne ne"):
            assert second.search(text, first.end()), text


def test_every_pas_jamais_and_rien_has_its_ne(sentences):
    without = {"Pas mal.", "Pas de problème.", "Pourquoi pas ?", "De rien."}
    for text in sentences:
        if re.search(r"\b(?:pas|Pas|jamais|rien)\b", text) and text not in without:
            assert re.search(r"\b[Nn]e |\b[Nn]'", text), text


def test_denials_and_questions_agree_between_the_languages(translations):
    for english, target in translations.items():
        assert english.endswith("?") == target.endswith(" ?"), english
        assert english.endswith("!") == target.endswith(" !"), english
        if re.search(r"\b(?:not|cannot|never|no longer)\b", english) and english not in (
            "Why not?",
            "Not bad.",
        ):
            assert re.search(r"\b[Nn]e |\b[Nn]'", target), english


PAIRS = """\
Hello! = Bonjour !
How are you? = Comment ça va ?
What is your name? = Comment vous appelez-vous ?
What time is it? = Quelle heure est-il ?
You are welcome. = De rien.
I am happy. = Je suis heureux.
I am happy = Je suis heureux
She is happy. = Elle est heureuse.
I am hungry. = J'ai faim.
Your sister is very tired. = Ta sœur est très fatiguée.
I am not as nice as Anna. = Je ne suis pas aussi sympathique qu'Anna.
He is angry because it is raining. = Il est en colère parce qu'il pleut.
You are sad if it rains. = Tu es triste s'il pleut.
My mother wants to become an actress. = Ma mère veut devenir actrice.
The children are older than them. = Les enfants sont plus âgés qu'eux.
Here is the old bear. = Voici le vieil ours.
What an old man! = Quel vieil homme !
I have a beautiful bird. = J'ai un bel oiseau.
This is a new computer. = C'est un nouvel ordinateur.
Here are your new computers. = Voici vos nouveaux ordinateurs.
What modern lamps! = Quelles lampes modernes !
Where is my white scarf? = Où est mon écharpe blanche ?
You no longer have any brown horses. = Vous n'avez plus de chevaux marron.
Anna no longer has a small car. = Anna n'a plus de petite voiture.
He wants his small hamster. = Il veut son petit hamster.
Are there any old squirrels in the forest? = Est-ce qu'il y a de vieux écureuils dans la forêt ?
There are some black squirrels in the forest. = Il y a des écureuils noirs dans la forêt.
She has some oil. = Elle a de l'huile.
He would like some garlic. = Il voudrait de l'ail.
She does not want any green beans. = Elle ne veut pas de haricots verts.
She eats too many oranges. = Elle mange trop d'oranges.
They drink their coffee without sugar. = Ils boivent leur café sans sucre.
Do you speak French? = Parlez-vous français ?
You had fun last night. = Vous vous êtes amusé hier soir.
Do you know any beautiful gardens? = Connaissez-vous de beaux jardins ?
Where is your modern sofa? = Où est votre canapé moderne ?
Do you have any children? = Avez-vous des enfants ?
Paul and Marie are playing hockey now. = Paul et Marie jouent au hockey maintenant.
You got up at six o'clock yesterday. = Vous vous êtes levé à six heures hier.
My sister had fun yesterday. = Ma sœur s'est amusée hier.
My sisters went to Mexico yesterday. = Mes sœurs sont allées au Mexique hier.
He did not do anything. = Il n'a rien fait.
There is nobody here. = Il n'y a personne ici.
Close the door, please. = Fermez la porte, s'il vous plaît.
Do not forget the key. = N'oubliez pas la clé.
She has eighty-one candles. = Elle a quatre-vingt-une bougies.
She has seventy-one stamps. = Elle a soixante et onze timbres.
She is eighty years old. = Elle a quatre-vingts ans.
It costs eighty-one euros. = Ça coûte quatre-vingt-un euros.
It costs one hundred euros. = Ça coûte cent euros.
The movie starts at half past three. = Le film commence à trois heures et demie.
It is a quarter to eight. = Il est huit heures moins le quart.
Dinner is at noon. = Le dîner est à midi.
Today is the first of September. = Aujourd'hui, c'est le premier septembre.
Today is the eleventh of June. = Aujourd'hui, c'est le onze juin.
The library is closed on Thursdays. = La bibliothèque est fermée le jeudi.
See you on Friday! = À vendredi !
It is hot in the United States today. = Il fait chaud aux États-Unis aujourd'hui.
It is stormy in Hungary. = Il y a de l'orage en Hongrie.
The children come from Italy. = Les enfants viennent d'Italie.
The plane from Athens has arrived. = L'avion d'Athènes est arrivé.
Where is the post office? = Où est la poste ?
Is there a university near here? = Est-ce qu'il y a une université près d'ici ?
I need a doctor. = J'ai besoin d'un médecin.
"""


@pytest.mark.parametrize("line", PAIRS.splitlines())
def test_it_says(line, translations):
    source, target = line.split(" = ")
    assert translations.get(source) == target


def test_spelling_joins_small_words():
    assert french.spell("je ne ai pas de amis") == "je n'ai pas d'amis"
    assert french.spell("le hôtel de le homme") == "l'hôtel de l'homme"
    assert french.spell("le hibou de le hamster à les haricots") == "le hibou du hamster aux haricots"
    assert french.spell("si il dit que elle est à le port") == "s'il dit qu'elle est au port"
    assert french.spell("est-ce que il va jusque à le parc") == "est-ce qu'il va jusqu'au parc"
    assert french.spell("le onze mai") == "le onze mai"
    assert french.sentence("de les amis ?", "") == "Des amis ?"
    assert french.sentence("où est-il", "?") == "Où est-il ?"
    assert french.sentence("à lundi", "!") == "À lundi !"


def test_plurals():
    words = "livre château cheval hibou souris jeu prix voisin marron œuf".split()
    expected = "livres châteaux chevaux hiboux souris jeux prix voisins marron œufs".split()
    assert [french.plural(word) for word in words] == expected


@pytest.mark.parametrize(
    ("value", "masculine", "feminine"),
    [
        (1, "un", "une"),
        (11, "onze", "onze"),
        (17, "dix-sept", "dix-sept"),
        (20, "vingt", "vingt"),
        (21, "vingt et un", "vingt et une"),
        (22, "vingt-deux", "vingt-deux"),
        (61, "soixante et un", "soixante et une"),
        (70, "soixante-dix", "soixante-dix"),
        (71, "soixante et onze", "soixante et onze"),
        (79, "soixante-dix-neuf", "soixante-dix-neuf"),
        (80, "quatre-vingts", "quatre-vingts"),
        (81, "quatre-vingt-un", "quatre-vingt-une"),
        (91, "quatre-vingt-onze", "quatre-vingt-onze"),
        (99, "quatre-vingt-dix-neuf", "quatre-vingt-dix-neuf"),
        (100, "cent", "cent"),
    ],
)
def test_numbers(value, masculine, feminine):
    assert french.number(value) == masculine
    assert french.number(value, "f") == feminine


def test_articles_heed_the_sound_that_follows():
    assert french.demonstrative("m", "livre") == "ce"
    assert french.demonstrative("m", "hôtel") == "cet"
    assert french.demonstrative("m", "hibou") == "ce"
    assert french.demonstrative("f", "école") == "cette"
    assert french.possessive(I, "f", "école") == "mon"
    assert french.possessive(I, "f", "jolie école") == "ma"
    assert french.possessive(WE, "f", "école") == "notre"
    assert french.possessive(Subject("they", "ils", 5), "m", "amis", many=True) == "leurs"


def test_the_infinitive_keeps_its_pronoun():
    assert french.infinitive(REST, WE) == "nous reposer"
    assert french.infinitive(GET_UP, I) == "me lever"
