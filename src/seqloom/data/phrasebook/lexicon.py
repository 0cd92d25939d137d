"""The nouns and adjectives, in fields: within a field every noun goes with every adjective."""

from dataclasses import dataclass

from seqloom.data.phrasebook import verbs
from seqloom.data.phrasebook.words import Adjective, Noun, Text, Verb

VERY = ("very",)
VERY_TOO = ("very", "too")

ADJECTIVES = {
    adjective.english: adjective
    for adjective in (
        # before the French noun
        Adjective("small", "petit", "petite", True, degrees=VERY_TOO),
        Adjective("big", "grand", "grande", True, degrees=VERY_TOO),
        Adjective("beautiful", "beau", "belle", True, vowel="bel", degrees=VERY),
        Adjective("handsome", "beau", "belle", True, vowel="bel", degrees=VERY),
        Adjective("pretty", "joli", "jolie", True, degrees=VERY),
        Adjective("new", "nouveau", "nouvelle", True, vowel="nouvel", predicative=False),
        Adjective("old", "vieux", "vieille", True, vowel="vieil", degrees=VERY_TOO),
        Adjective("young", "jeune", "jeune", True, degrees=VERY_TOO),
        Adjective("good", "bon", "bonne", True, degrees=VERY),
        Adjective("bad", "mauvais", "mauvaise", True, degrees=VERY),
        Adjective("long", "long", "longue", True, degrees=VERY_TOO),
        # behind it
        Adjective("red", "rouge", "rouge"),
        Adjective("blue", "bleu", "bleue"),
        Adjective("green", "vert", "verte"),
        Adjective("white", "blanc", "blanche"),
        Adjective("black", "noir", "noire"),
        Adjective("yellow", "jaune", "jaune"),
        Adjective("gray", "gris", "grise"),
        Adjective("brown", "marron", "marron"),  # a chestnut by origin, and so without agreement
        Adjective("short", "court", "courte", degrees=VERY_TOO),
        Adjective("expensive", "cher", "chère", degrees=VERY_TOO),
        Adjective("elegant", "élégant", "élégante", degrees=VERY),
        Adjective("clean", "propre", "propre", degrees=VERY),
        Adjective("fast", "rapide", "rapide", degrees=VERY_TOO),
        Adjective("modern", "moderne", "moderne", degrees=VERY_TOO),
        Adjective("heavy", "lourd", "lourde", degrees=VERY_TOO),
        Adjective("quiet", "calme", "calme", degrees=VERY),
        Adjective("strange", "bizarre", "bizarre", degrees=VERY),
        Adjective("famous", "célèbre", "célèbre", degrees=VERY),
        Adjective("interesting", "intéressant", "intéressante", degrees=VERY),
        Adjective("sad", "triste", "triste", degrees=VERY_TOO),
        Adjective("funny", "drôle", "drôle", degrees=VERY),
        Adjective("intelligent", "intelligent", "intelligente", degrees=VERY),
        Adjective("nice", "sympathique", "sympathique", degrees=VERY),
        Adjective("serious", "sérieux", "sérieuse", degrees=VERY_TOO),
        Adjective("shy", "timide", "timide", degrees=VERY_TOO),
        Adjective("polite", "poli", "polie", degrees=VERY),
        Adjective("French", "français", "française"),
        Adjective("English", "anglais", "anglaise"),
        Adjective("Italian", "italien", "italienne"),
        Adjective("Spanish", "espagnol", "espagnole"),
        Adjective("German", "allemand", "allemande"),
    )
}


@dataclass(frozen=True)
class Field:
    """Nouns of one kind, what is said of them, and what is done with them.

    place   where one of them may be, in "there is ..."
    owned   whether they can be bought and be somebody's
    """

    nouns: tuple[Noun, ...]
    adjectives: str
    verbs: tuple[Verb, ...]
    place: Text
    owned: bool = True


def _nouns(*rows: tuple[str, str, str]) -> tuple[Noun, ...]:
    return tuple(Noun(english, french, "f" if gender == "f" else "m") for english, french, gender in rows)


FIELDS = (
    Field(  # vehicles
        _nouns(
            ("car", "voiture", "f"),
            ("boat", "bateau", "m"),
            ("motorcycle", "moto", "f"),
            ("truck", "camion", "m"),
            ("bicycle", "vélo", "m"),
            ("van", "camionnette", "f"),
        ),
        "small big beautiful new old red blue white black fast modern expensive French Italian German",
        (verbs.HAVE, verbs.WANT, verbs.SEE, verbs.BUY, verbs.SELL, verbs.LOOK_FOR, verbs.FIND),
        Text("near the harbor", "près de le port"),
    ),
    Field(  # clothes
        _nouns(
            ("shirt", "chemise", "f"),
            ("dress", "robe", "f"),
            ("skirt", "jupe", "f"),
            ("coat", "manteau", "m"),
            ("hat", "chapeau", "m"),
            ("sweater", "pull", "m"),
            ("jacket", "veste", "f"),
            ("scarf", "écharpe", "f"),
            ("tie", "cravate", "f"),
            ("suit", "costume", "m"),
        ),
        "small big beautiful pretty new old red blue green white black gray expensive elegant clean",
        (verbs.HAVE, verbs.WANT, verbs.WEAR, verbs.BUY, verbs.LOOK_FOR, verbs.FIND, verbs.CHOOSE),
        Text("in the closet", "dans le placard"),
    ),
    Field(  # furniture
        _nouns(
            ("table", "table", "f"),
            ("chair", "chaise", "f"),
            ("bed", "lit", "m"),
            ("lamp", "lampe", "f"),
            ("sofa", "canapé", "m"),
            ("desk", "bureau", "m"),
            ("armchair", "fauteuil", "m"),
            ("wardrobe", "armoire", "f"),
            ("mirror", "miroir", "m"),
            ("clock", "horloge", "f"),
        ),
        "small big beautiful pretty new old white black green blue modern expensive heavy",
        (verbs.HAVE, verbs.WANT, verbs.BUY, verbs.SELL, verbs.LOOK_FOR, verbs.FIND, verbs.SEE),
        Text("in the living room", "dans le salon"),
    ),
    Field(  # where one lives, sleeps, eats and buys
        _nouns(
            ("house", "maison", "f"),
            ("apartment", "appartement", "m"),
            ("hotel", "hôtel", "m"),
            ("room", "chambre", "f"),
            ("restaurant", "restaurant", "m"),
            ("store", "magasin", "m"),
            ("bakery", "boulangerie", "f"),
        ),
        "small big beautiful pretty new old modern quiet clean expensive strange",
        (verbs.SEE, verbs.KNOW, verbs.LOOK_FOR, verbs.FIND, verbs.LIKE),
        Text("near the station", "près de la gare"),
        owned=False,
    ),
    Field(  # sights
        _nouns(
            ("city", "ville", "f"),
            ("village", "village", "m"),
            ("island", "île", "f"),
            ("church", "église", "f"),
            ("museum", "musée", "m"),
            ("castle", "château", "m"),
            ("garden", "jardin", "m"),
            ("beach", "plage", "f"),
        ),
        "small big beautiful pretty old famous quiet interesting French Italian Spanish",
        (verbs.VISIT, verbs.SEE, verbs.KNOW, verbs.LIKE, verbs.LOOK_FOR),
        Text("near here", "près de ici"),
        owned=False,
    ),
    Field(  # pets
        _nouns(
            ("dog", "chien", "m"),
            ("cat", "chat", "m"),
            ("horse", "cheval", "m"),
            ("rabbit", "lapin", "m"),
            ("hamster", "hamster", "m"),
            ("turtle", "tortue", "f"),
            ("bird", "oiseau", "m"),
        ),
        "small beautiful pretty old young black white gray brown funny",
        (verbs.HAVE, verbs.WANT, verbs.SEE, verbs.LOOK_FOR, verbs.FIND, verbs.BUY),
        Text("in the park", "dans le parc"),
    ),
    Field(  # wild animals
        _nouns(
            ("squirrel", "écureuil", "m"),
            ("owl", "hibou", "m"),
            ("frog", "grenouille", "f"),
            ("mouse", "souris", "f"),
            ("snake", "serpent", "m"),
            ("bear", "ours", "m"),
            ("fox", "renard", "m"),
        ),
        "small beautiful old young black white gray brown strange",
        (verbs.SEE, verbs.WATCH, verbs.LOOK_FOR, verbs.FIND),
        Text("in the forest", "dans la forêt"),
        owned=False,
    ),
    Field(  # things one carries or uses
        _nouns(
            ("bag", "sac", "m"),
            ("suitcase", "valise", "f"),
            ("phone", "téléphone", "m"),
            ("computer", "ordinateur", "m"),
            ("watch", "montre", "f"),
            ("umbrella", "parapluie", "m"),
            ("bottle", "bouteille", "f"),
            ("box", "boîte", "f"),
            ("knife", "couteau", "m"),
            ("cup", "tasse", "f"),
            ("plate", "assiette", "f"),
            ("pen", "stylo", "m"),
            ("guitar", "guitare", "f"),
        ),
        "small big pretty new old red blue green black white yellow expensive strange",
        (verbs.HAVE, verbs.WANT, verbs.LOOK_FOR, verbs.FIND, verbs.BUY, verbs.SEE),
        Text("on the shelf", "sur la étagère"),
    ),
    Field(  # stories
        _nouns(
            ("book", "livre", "m"),
            ("story", "histoire", "f"),
            ("movie", "film", "m"),
            ("song", "chanson", "f"),
            ("poem", "poème", "m"),
            ("article", "article", "m"),
            ("novel", "roman", "m"),
        ),
        "good bad beautiful new old long short interesting sad funny strange famous French English Italian",
        (verbs.KNOW, verbs.LIKE, verbs.PREFER, verbs.LOOK_FOR, verbs.FIND, verbs.CHOOSE),
        Text("on the list", "sur la liste"),
        owned=False,
    ),
    Field(  # men
        _nouns(
            ("man", "homme", "m"),
            ("waiter", "serveur", "m"),
            ("actor", "acteur", "m"),
            ("student", "étudiant", "m"),
            ("neighbor", "voisin", "m"),
            ("doctor", "médecin", "m"),
            ("singer", "chanteur", "m"),
            ("friend", "ami", "m"),
        ),
        "young old handsome funny nice intelligent serious shy polite French English Italian German",
        (verbs.KNOW, verbs.SEE, verbs.LOOK_FOR, verbs.HELP, verbs.LISTEN),
        Text("at the door", "à la porte"),
        owned=False,
    ),
    Field(  # women
        _nouns(
            ("woman", "femme", "f"),
            ("lady", "dame", "f"),
            ("actress", "actrice", "f"),
            ("nurse", "infirmière", "f"),
            ("dancer", "danseuse", "f"),
            ("waitress", "serveuse", "f"),
        ),
        "young old beautiful funny nice intelligent serious shy polite French English Italian German",
        (verbs.KNOW, verbs.SEE, verbs.LOOK_FOR, verbs.HELP, verbs.LISTEN),
        Text("at the door", "à la porte"),
        owned=False,
    ),
)

# Never together in training, validation or test: these are the second test.
HELD_OUT = frozenset(
    (noun, adjective)
    for row in (
        "car red, car French, boat white, motorcycle old, truck German, bicycle new, van blue",
        "shirt green, dress black, skirt elegant, coat beautiful, hat small, sweater white, jacket old, scarf new",
        "table heavy, chair blue, bed big, lamp modern, desk old, armchair beautiful, wardrobe small, clock expensive",
        "house quiet, apartment new, hotel old, room clean, restaurant modern, store strange, bakery pretty",
        "city famous, village old, island small, church Italian, museum interesting, castle beautiful",
        "dog white, cat funny, horse black, rabbit brown, turtle old, bird beautiful",
        "squirrel gray, frog small, mouse white, bear old",
        "bag yellow, phone white, computer old, watch pretty, umbrella green, box strange, plate blue, guitar new",
        "book interesting, story sad, movie old, song beautiful, article long, novel Italian",
        "man old, actor handsome, student serious, friend young, singer German",
        "woman intelligent, actress polite, nurse young, waitress Italian",
    )
    for noun, adjective in (tuple(pair.split()) for pair in row.split(", "))
)
