"""The verbs, each with its English and French forms."""

from seqloom.data.phrasebook.words import Tense, Verb

STATE: tuple[Tense, ...] = (
    "present",
)  # to have, to know: everyday English has no "is having" and no going to
PAST: tuple[Tense, ...] = ("past",)


def regular(
    english: str,
    french: str,
    *,
    progressive: bool = False,
    tenses: tuple[Tense, ...] = ("present", "past", "future"),
    auxiliary: str = "avoir",
    reflexive: bool = False,
) -> Verb:
    """A verb of the first group: chercher, je cherche, cherché."""
    stem = french.removesuffix("er")
    nous = "e" if stem.endswith("g") else ""  # nous mangeons keeps the soft g
    endings = ("e", "es", "e", f"{nous}ons", "ez", "ent")
    present = tuple(stem + ending for ending in endings)
    return Verb(english, french, present, stem + "é", progressive, tenses, auxiliary, reflexive)


def irregular(
    english: str,
    french: str,
    present: str,
    participle: str,
    *,
    progressive: bool = False,
    tenses: tuple[Tense, ...] = ("present", "past", "future"),
    auxiliary: str = "avoir",
    reflexive: bool = False,
) -> Verb:
    """A verb whose six present forms are given one by one."""
    return Verb(
        english, french, tuple(present.split()), participle, progressive, tenses, auxiliary, reflexive
    )


BE = irregular("be", "être", "suis es est sommes êtes sont", "été", tenses=STATE)
HAVE = irregular("have", "avoir", "ai as a avons avez ont", "eu", tenses=STATE)
CAN = irregular("can", "pouvoir", "peux peux peut pouvons pouvez peuvent", "pu", tenses=STATE)
MUST = irregular("must", "devoir", "dois dois doit devons devez doivent", "dû", tenses=STATE)
WANT = irregular("want", "vouloir", "veux veux veut voulons voulez veulent", "voulu", tenses=STATE)
WOULD_LIKE = irregular(
    "would like", "vouloir", "voudrais voudrais voudrait voudrions voudriez voudraient", "voulu", tenses=STATE
)
NEED = irregular("need", "avoir besoin", "ai as a avons avez ont", "", tenses=STATE)
LIKE = regular("like", "aimer", tenses=STATE)
LOVE = regular("love", "adorer", tenses=STATE)
HATE = regular("hate", "détester", tenses=STATE)
PREFER = irregular(
    "prefer", "préférer", "préfère préfères préfère préférons préférez préfèrent", "préféré", tenses=STATE
)
KNOW = irregular(
    "know", "connaître", "connais connais connaît connaissons connaissez connaissent", "connu", tenses=STATE
)
UNDERSTAND = irregular(
    "understand",
    "comprendre",
    "comprends comprends comprend comprenons comprenez comprennent",
    "compris",
    tenses=("present", "past"),
)
SEE = irregular("see", "voir", "vois vois voit voyons voyez voient", "vu", tenses=("present", "past"))
HEAR = irregular(
    "hear",
    "entendre",
    "entends entends entend entendons entendez entendent",
    "entendu",
    tenses=("present", "past"),
)
FIND = regular("find", "trouver", tenses=PAST)

BRING = regular("bring", "apporter", progressive=True)
BUY = irregular(
    "buy", "acheter", "achète achètes achète achetons achetez achètent", "acheté", progressive=True
)
CALL = irregular(
    "call", "appeler", "appelle appelles appelle appelons appelez appellent", "appelé", progressive=True
)
CHOOSE = irregular(
    "choose",
    "choisir",
    "choisis choisis choisit choisissons choisissez choisissent",
    "choisi",
    progressive=True,
)
DO = irregular("do", "faire", "fais fais fait faisons faites font", "fait", progressive=True)
DRINK = irregular("drink", "boire", "bois bois boit buvons buvez boivent", "bu", progressive=True)
EAT = regular("eat", "manger", progressive=True)
FORGET = regular("forget", "oublier", tenses=PAST)
HELP = regular("help", "aider", progressive=True)
LISTEN = regular("listen to", "écouter", progressive=True)
LOOK_FOR = regular("look for", "chercher", progressive=True)
LOSE = irregular("lose", "perdre", "perds perds perd perdons perdez perdent", "perdu", tenses=PAST)
SAY = irregular("say", "dire", "dis dis dit disons dites disent", "dit", progressive=True)
SELL = irregular("sell", "vendre", "vends vends vend vendons vendez vendent", "vendu", progressive=True)
TAKE = irregular("take", "prendre", "prends prends prend prenons prenez prennent", "pris", progressive=True)
VISIT = regular("visit", "visiter", progressive=True)
WATCH = regular("watch", "regarder", progressive=True)
WEAR = regular("wear", "porter", progressive=True)

ARRIVE = regular("arrive", "arriver", progressive=True, auxiliary="être")
BECOME = irregular(
    "become", "devenir", "deviens deviens devient devenons devenez deviennent", "devenu", auxiliary="être"
)
COME = irregular(
    "come", "venir", "viens viens vient venons venez viennent", "venu", progressive=True, auxiliary="être"
)
COME_BACK = irregular(
    "come back",
    "revenir",
    "reviens reviens revient revenons revenez reviennent",
    "revenu",
    progressive=True,
    auxiliary="être",
)
GO = irregular("go", "aller", "vais vas va allons allez vont", "allé", progressive=True, auxiliary="être")
LIVE = regular("live", "habiter", tenses=STATE)
LEAVE = irregular(
    "leave", "partir", "pars pars part partons partez partent", "parti", progressive=True, auxiliary="être"
)
STAY = regular("stay", "rester", progressive=True, auxiliary="être")

COOK = regular("cook", "préparer", progressive=True)
DANCE = regular("dance", "danser", progressive=True)
GET_DRESSED = regular("get dressed", "habiller", progressive=True, auxiliary="être", reflexive=True)
GET_UP = irregular(
    "get up",
    "lever",
    "lève lèves lève levons levez lèvent",
    "levé",
    auxiliary="être",
    progressive=True,
    reflexive=True,
)
GO_TO_BED = regular("go to bed", "coucher", progressive=True, auxiliary="être", reflexive=True)
HAVE_FUN = regular("have fun", "amuser", progressive=True, auxiliary="être", reflexive=True)
LEARN = irregular(
    "learn",
    "apprendre",
    "apprends apprends apprend apprenons apprenez apprennent",
    "appris",
    progressive=True,
)
PLAY = regular("play", "jouer", progressive=True)
READ = irregular("read", "lire", "lis lis lit lisons lisez lisent", "lu", progressive=True)
REST = regular("rest", "reposer", progressive=True, auxiliary="être", reflexive=True)
SING = regular("sing", "chanter", progressive=True)
SLEEP = irregular("sleep", "dormir", "dors dors dort dormons dormez dorment", "dormi", progressive=True)
SPEAK = regular("speak", "parler", progressive=True)
STUDY = regular("study", "étudier", progressive=True)
SWIM = regular("swim", "nager", progressive=True)
TRAVEL = regular("travel", "voyager", progressive=True)
WAIT_FOR = irregular(
    "wait for", "attendre", "attends attends attend attendons attendez attendent", "attendu", progressive=True
)
WALK = regular("walk", "marcher", progressive=True)
WORK = regular("work", "travailler", progressive=True)
WRITE = irregular("write", "écrire", "écris écris écrit écrivons écrivez écrivent", "écrit", progressive=True)

BE_AVOIR = Verb("be", "avoir", HAVE.present, "eu", tenses=STATE)  # she is hungry, elle a faim

# The weather: English always says "it is", French "il fait", "il y a", or a verb of its own.
BE_FAIRE = Verb("be", "faire", DO.present, "fait", tenses=STATE)
BE_Y_AVOIR = Verb("be", "y avoir", ("y a",) * 6, "", tenses=STATE)
RAIN = Verb("rain", "pleuvoir", ("pleut",) * 6, "plu", progressive=True)
SNOW = regular("snow", "neiger", progressive=True)
