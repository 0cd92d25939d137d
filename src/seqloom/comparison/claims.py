"""What textbooks say, weighed by the measurements of one comparison: a sentence a claim, with its figures.

Each claim asks which models it is about, by what they are made of, and compares their figures over seeds.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from seqloom.comparison.quoting import find, quote, quote_interval, tell
from seqloom.comparison.weighing import (
    BORNE_OUT,
    IN_PART,
    NOT,
    SAID,
    UNMEASURED,
    UNTOLD,
    Outcome,
    Record,
    Weighed,
    exactly,
    gated,
    learnt,
    models_where,
    name_of,
    of_cell,
    outcome,
    plain,
    said,
    span_outcome,
    span_place,
    tasks_of,
    unmeasured,
    verdict,
    without_attention,
)

NEAR = 0.05  # share by which qualities may differ that are called nearly the same
WEAK = 0.5  # share of another model's quality below which one is too weak for what it loses to be told


@dataclass(frozen=True)
class Claim:
    """statement: as a textbook has it · weigh: what a record says of it"""

    name: str
    statement: str
    weigh: Callable[[Record], Weighed]


def weigh_claims(record: Record) -> list[dict[str, Any]]:
    """Every claim of the table, weighed; sentences both as templates and as text."""
    found = []
    for claim in CLAIMS:
        weighed = claim.weigh(record)
        found.append(
            {
                "name": claim.name,
                "statement": claim.statement,
                "verdict": weighed.verdict,
                "templates": list(weighed.templates),
                "sentences": [tell(record, template) for template in weighed.templates],
            }
        )
    return found


def weigh_small(record: Record) -> Weighed:
    """A plain RNN has the fewest weights at a width, and is the fastest."""
    ours, others = models_where(record, plain), models_where(record, gated)
    if not ours or not others:
        return unmeasured("it needs a plain RNN and a gated one, both without attention")
    one, outcomes, sentences = ours[0], list[Outcome](), list[str]()
    told_whole = True
    for other in others:
        here, there = f"/models/{one}", f"/models/{other}"
        outcomes.append(
            exactly(
                find(record, f"{here}/asked_parameters"), find(record, f"{there}/asked_parameters"), "below"
            )
        )
        sentences.append(
            f"At the widths of the plan {name_of(one)} has {quote(f'{here}/asked_parameters', 'whole')} parameters and "
            f"{name_of(other)} {quote(f'{there}/asked_parameters', 'whole')}."
        )
        mine, its = (f"{place}/summary/train_tokens_per_second" for place in (here, there))
        faster = outcome(record, mine, its)
        if faster == "missing":
            told_whole = False
            sentences[-1] += " How fast they train was not measured."
            continue
        sizes = [quote(f"{place}/parameters", "whole") for place in (here, there)]
        speeds = (
            f"With {sizes[0]} and {sizes[1]} parameters {quote_interval(record, mine, 'whole')} and "
            f"{quote_interval(record, its, 'whole')} target tokens go through a second of training"
        )
        if as_asked(record, one) and as_asked(record, other):
            outcomes.append(faster)
            sentences.append(f"{speeds}; {SAID[faster]}.")
        else:
            told_whole = False
            sentences.append(f"{speeds}: not weighed, since widths were scaled.")
    found = verdict(outcomes, "above")
    return Weighed(found if told_whole or found != BORNE_OUT else IN_PART, tuple(sentences))


def as_asked(record: Record, model: int) -> bool:
    """Whether a model was trained at the widths of the plan."""
    row = record["models"][model]
    return bool(row["parameters"] == row["asked_parameters"])


def weigh_forgets(record: Record) -> Weighed:
    """A plain RNN learns a task, and its span ends before the distances of its training do."""
    ours = models_where(record, plain)
    if not ours:
        return unmeasured("it has no plain RNN without attention")
    one = ours[0]
    outcomes, sentences = list[Outcome](), list[str]()
    for task in tasks_of(record, one):
        place = span_place(one, task, "seen")
        found, full = find(record, place), record["memory_distance"]
        if found is None:
            continue
        if not learnt(record, one, task):
            outcomes.append("unlearnt")
            sentences.append(_unlearnt(one, task))
            continue
        if found["low"] is None:
            outcomes.append("alone")
        elif min(found["values"]) >= full:
            outcomes.append("below")
        else:
            outcomes.append("above" if found["high"] < full else "unsure")
        sentences.append(
            f"In the task “{task}” {name_of(one)} gave {quote('/holds', 'percent')} right answers up to a distance of "
            f"{quote_interval(record, place, 'one')}, of the {quote('/memory_distance', 'whole')} in its training."
        )
    sentences += _half_life(record, one)
    if not outcomes:
        return Weighed(UNMEASURED, ("Memory spans were not measured.", *sentences))
    return Weighed(verdict(outcomes, "above"), tuple(sentences))


def _unlearnt(model: int, task: str) -> str:
    """That a model shows nothing of its memory by a task that it hasn't learnt."""
    nearest = quote(f"/models/{model}/memory/{task}/accuracy/0", "percent")
    return (
        f"{name_of(model)} has not learnt the task “{task}”: even at the nearest distance {nearest} of its answers are "
        "right, which tells nothing of its memory."
    )


def _half_life(record: Record, model: int) -> list[str]:
    """In how many symbols a model's gradient halves or doubles, as a sentence; none where it was not measured."""
    place = f"/models/{model}/half_life"
    found = find(record, place)
    if found is None:
        return []
    if found["mean"] is None:
        return ["Whether its gradient fades or grows with the distance can't be told."]
    way = "halves" if found["mean"] > 0 else "doubles"
    bounds = ""
    if found["low"] is not None:
        near, far = ("low", "high") if found["mean"] > 0 else ("high", "low")
        bounds = f" ({quote(f'{place}/{near}', 'size')} to {quote(f'{place}/{far}', 'size')})"
    return [f"Its gradient {way} in {quote(f'{place}/mean', 'size')}{bounds} symbols."]


def weigh_remembers(record: Record) -> Weighed:
    """Gated cells have a longer span than a plain one, and a gradient that fades more slowly."""
    ours, others = models_where(record, gated), models_where(record, plain)
    if not ours or not others:
        return unmeasured("it needs a gated network and a plain RNN, both without attention")
    outcomes, sentences = list[Outcome](), list[str]()
    for one in ours:
        for task in tasks_of(record, one, others[0]):
            compared, sentence = _compare_spans(record, one, others[0], task)
            outcomes.append(compared)
            sentences.append(sentence)
        mine, its = (f"/models/{model}/summary/halvings" for model in (one, others[0]))
        fades = outcome(record, its, mine)
        if fades == "missing":
            continue
        rates = (
            f"{quote_interval(record, mine, 'two')} times a symbol in {name_of(one)}, "
            f"{quote_interval(record, its, 'two')} times in {name_of(others[0])}"
        )
        if min(find(record, place)["mean"] for place in (mine, its)) < 0:
            sentences.append(
                f"A gradient halves {rates}: to halve less than never is to grow, and tells nothing of which fades."
            )
        else:
            outcomes.append(fades)
            sentences.append(f"A gradient halves {rates}; {SAID[fades]}.")
    return Weighed(verdict(outcomes, "above"), tuple(sentences) or ("No memory was measured.",))


def _compare_spans(record: Record, one: int, other: int, task: str) -> tuple[Outcome, str]:
    """How two spans lie to each other, and the sentence about them."""
    found = span_outcome(record, one, other, task)
    if found == "unlearnt":
        return found, next(
            _unlearnt(model, task) for model in (one, other) if not learnt(record, model, task)
        )
    mine, its = span_place(one, task), span_place(other, task)
    return found, (
        f"In the task “{task}” the span of {name_of(one)} is {quote_interval(record, mine, 'one')}, that of "
        f"{name_of(other)} {quote_interval(record, its, 'one')}; {SAID[found]}."
    )


def weigh_nearly(record: Record) -> Weighed:
    """A GRU's quality is near to an LSTM's, and it has fewer weights.

    To be near is more than not to be told apart: the means are, and no interval reaches twice as far. Models that are
    not surely better than nothing are near to each other by their failure, which tells nothing.
    """
    ours, others = models_where(record, of_cell("gru")), models_where(record, of_cell("lstm"))
    if not ours or not others:
        return unmeasured("it needs a GRU and an LSTM, both without attention")
    one, other = ours[0], others[0]
    mine, its = (f"/models/{model}/summary/quality" for model in (one, other))
    found, reference = find(record, mine), find(record, its)
    apart = outcome(record, mine, its)
    near = abs(found["mean"] - reference["mean"]) <= NEAR * abs(reference["mean"])
    vague = (
        apart == "alone"
        or min(row["low"] for row in (found, reference)) <= 0
        or max(row["high"] - row["mean"] for row in (found, reference)) > 2 * NEAR * abs(reference["mean"])
    )
    fewer = find(record, f"/models/{one}/asked_parameters") < find(
        record, f"/models/{other}/asked_parameters"
    )
    if vague or (apart == "unsure" and not near):
        verdict_ = UNTOLD
    elif near:
        verdict_ = BORNE_OUT if fewer else IN_PART
    else:
        verdict_ = IN_PART if fewer else NOT
    better = "" if apart != "above" else " and the GRU is the better one"
    distance = "within" if near else "more than"
    return Weighed(
        verdict_,
        (
            f"{name_of(one)} reaches {quote_interval(record, mine, 'one')} {quote('/metric_name', 'text')}, "
            f"{name_of(other)} {quote_interval(record, its, 'one')}: {distance} a twentieth apart; "
            f"{said(record, mine, its)}{better}.",
            f"At the widths of the plan it has {quote(f'/models/{one}/asked_parameters', 'whole')} parameters to "
            f"{quote(f'/models/{other}/asked_parameters', 'whole')}; compared were "
            f"{quote(f'/models/{one}/parameters', 'whole')} and {quote(f'/models/{other}/parameters', 'whole')}.",
        ),
    )


def weigh_weights(record: Record) -> Weighed:
    """An LSTM pays for its memory with weights."""
    ours = models_where(record, of_cell("lstm"))
    others = [*models_where(record, of_cell("gru")), *models_where(record, plain)]
    if not ours or not others:
        return unmeasured("it needs an LSTM, and a GRU or a plain RNN, without attention")
    one = ours[0]
    mine = f"/models/{one}/asked_parameters"
    outcomes: list[Outcome] = [
        exactly(find(record, mine), find(record, f"/models/{other}/asked_parameters"), "above")
        for other in others
    ]
    listed = ", ".join(
        f"{name_of(other)} {quote(f'/models/{other}/asked_parameters', 'whole')}" for other in others
    )
    sentence = f"At the widths of the plan {name_of(one)} has {quote(mine, 'whole')} parameters, {listed}."
    return Weighed(verdict(outcomes, "above"), (sentence,))


def attentive_pairs(record: Record) -> list[tuple[int, int]]:
    """Each model with attention, beside one without: of the same cell if there is one, else the first."""
    bare = models_where(record, without_attention)
    found = []
    for one in models_where(record, lambda model: not without_attention(model)):
        cell = record["models"][one]["decoder"]
        alike = [other for other in bare if record["models"][other]["decoder"] == cell]
        recurrent = [other for other in bare if gated(record["models"][other])]
        if bare:
            found.append((one, (alike or recurrent or bare)[0]))
    return found


def weigh_sees_far(record: Record) -> Weighed:
    """With attention the span is longer, and long sentences come out better."""
    pairs = attentive_pairs(record)
    if not pairs:
        return unmeasured("it needs a model with attention and one without")
    outcomes, sentences = list[Outcome](), list[str]()
    for one, other in pairs:
        for task in tasks_of(record, one, other):
            compared, sentence = _compare_spans(record, one, other, task)
            outcomes.append(compared)
            sentences.append(sentence)
        mine, its = (f"/models/{model}/summary/longest" for model in (one, other))
        compared = outcome(record, mine, its)
        if compared != "missing":
            outcomes.append(compared)
            sentences.append(
                f"On the longest sentences {name_of(one)} reaches {quote_interval(record, mine, 'one')} "
                f"{quote('/metric_name', 'text')} and {name_of(other)} {quote_interval(record, its, 'one')}; "
                f"{said(record, mine, its)}."
            )
    return Weighed(verdict(outcomes, "above"), tuple(sentences) or ("Nothing that tells it was measured.",))


COSTS = (
    ("train_tokens_per_second", "target tokens a second in training", "below", "whole"),
    ("words_per_second", "words a second when it writes", "below", "whole"),
    ("latency_ms", "milliseconds for one sentence", "above", "one"),
)
"""A figure over seeds, how it is called, on which side of it attention is the dearer one, how it is written."""


def weigh_costs(record: Record) -> Weighed:
    """With attention fewer words go through a second, and each takes more operations."""
    pairs = attentive_pairs(record)
    if not pairs:
        return unmeasured("it needs a model with attention and one without")
    outcomes, sentences = list[Outcome](), list[str]()
    for one, other in pairs:
        here, there = f"/models/{one}", f"/models/{other}"
        if record["fairness"] != "operations":  # else they are alike because they were made so
            more = exactly(find(record, f"{here}/operations"), find(record, f"{there}/operations"), "above")
            outcomes.append(more)
            sentences.append(
                f"A written symbol takes {quote(f'{here}/operations', 'whole')} operations in {name_of(one)} and "
                f"{quote(f'{there}/operations', 'whole')} in {name_of(other)}."
            )
        parts = []
        for name, called, dear, form in COSTS:
            mine, its = f"{here}/summary/{name}", f"{there}/summary/{name}"
            compared = outcome(record, mine, its) if dear == "above" else outcome(record, its, mine)
            if compared == "missing":
                continue
            outcomes.append(compared)
            parts.append(
                f"{quote_interval(record, mine, form)} to {quote_interval(record, its, form)} {called} "
                f"({said(record, mine, its)})"
            )
        if parts:
            sentences.append(f"{name_of(one)} to {name_of(other)}: {'; '.join(parts)}.")
    return Weighed(verdict(outcomes, "above"), tuple(sentences))


def weigh_bottleneck(record: Record) -> Weighed:
    """Without attention quality falls more from short sentences to long ones, for a model that can do short ones."""
    pairs = attentive_pairs(record)
    if not pairs:
        return unmeasured("it needs a model with attention and one without")
    if len(record["groups"]) < 2:
        return unmeasured("quality was not told by the length of sentences")
    outcomes, sentences = list[Outcome](), list[str]()
    last = len(record["groups"]) - 1
    for one, other in pairs:
        mine, its = (f"/models/{model}/summary/drop" for model in (one, other))
        falls = outcome(record, its, mine)
        short = [f"/models/{model}/summary/shortest" for model in (one, other)]
        if falls == "missing":
            continue
        attentive, bare = (find(record, place)["mean"] for place in short)
        if bare < WEAK * attentive:
            outcomes.append("unlearnt")
            sentences.append(
                f"Even on sentences of at most {quote('/groups/0/longest', 'whole')} words {name_of(other)} reaches "
                f"{quote_interval(record, short[1], 'one')} {quote('/metric_name', 'text')} and {name_of(one)} "
                f"{quote_interval(record, short[0], 'one')}: too far behind for what length costs it to be told."
            )
            continue
        outcomes.append(falls)
        sentences.append(
            f"From sentences of at most {quote('/groups/0/longest', 'whole')} words to those of "
            f"{quote(f'/groups/{last}/shortest', 'whole')} or more, {name_of(other)} loses "
            f"{quote_interval(record, its, 'one')} {quote('/metric_name', 'text')} and {name_of(one)} "
            f"{quote_interval(record, mine, 'one')}; {SAID[falls]}."
        )
        if min(find(record, place)["mean"] for place in (mine, its)) < 0:
            sentences[-1] += " To lose less than nothing is to gain."
    return Weighed(verdict(outcomes, "above"), tuple(sentences))


def weigh_data(record: Record) -> Weighed:
    """On a share of the pairs quality is lower."""
    asked = [number for number, model in enumerate(record["models"]) if model["shares"]]
    if not asked:
        return unmeasured(
            "all models were trained on one amount of data; comparison.shares trains them on less as well"
        )
    outcomes, sentences = list[Outcome](), list[str]()
    for one in asked:
        whole = f"/models/{one}/summary/quality"
        for number, _ in enumerate(record["models"][one]["shares"]):
            part = f"/models/{one}/shares/{number}"
            outcomes.append(outcome(record, whole, f"{part}/quality"))
            if outcomes[-1] == "missing":
                continue
            sentences.append(
                f"{name_of(one)} reaches {quote_interval(record, whole, 'one')} {quote('/metric_name', 'text')} with "
                f"all pairs and {quote_interval(record, f'{part}/quality', 'one')} with "
                f"{quote(f'{part}/share', 'percent')} of them; {said(record, whole, f'{part}/quality')}."
            )
    return Weighed(verdict(outcomes, "above"), tuple(sentences))


CLAIMS = (
    Claim("rnn strength", "A plain RNN is the smallest and the fastest recurrence.", weigh_small),
    Claim("rnn limit", "A plain RNN forgets.", weigh_forgets),
    Claim("gates", "Gates remember.", weigh_remembers),
    Claim("lstm limit", "An LSTM pays for its memory with weights.", weigh_weights),
    Claim("gru", "A GRU is nearly an LSTM with fewer weights.", weigh_nearly),
    Claim("attention strength", "Attention sees far.", weigh_sees_far),
    Claim("attention limit", "Attention costs more.", weigh_costs),
    Claim("bottleneck", "One vector is a bottleneck for long sentences.", weigh_bottleneck),
    Claim("data", "An encoder-decoder wants much data.", weigh_data),
)
