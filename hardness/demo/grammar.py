"""A small grammar of premise/hypothesis pairs with known labels and known difficulty tiers.

A premise is a scene: who, how many, which colour, doing what, where. A hypothesis says something
that follows from the scene (`entailment`), is ruled out by it (`contradiction`) or is not settled
by it (`neutral`). Most labels can only be read off both sentences; a share that shrinks with the
tier is given away by a word of the hypothesis (`not`, `to find food`).

    tier 0   bare clause of common words; the hypothesis names the action
    tier 1   adds a number and a place, more actions, and colours that the premise leaves open
    tier 2   adds a colour and a companion, half of the scenes in rare words; asks about places too
    tier 3   rare words in a reported clause; asks about colours; every other hypothesis is denied
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")

LABELS = ("entailment", "neutral", "contradiction")
TIERS = (0, 1, 2, 3)

# (word, what it is).
_COMMON_NOUNS = [
    ("man", "person"), ("woman", "person"), ("boy", "person"), ("girl", "person"),
    ("child", "person"), ("teacher", "person"), ("farmer", "person"), ("doctor", "person"),
    ("dog", "animal"), ("cat", "animal"), ("horse", "animal"), ("bird", "animal"),
    ("cow", "animal"), ("duck", "animal"), ("goat", "animal"), ("pig", "animal"),
]  # fmt: skip
_RARE_NOUNS = [
    ("cellist", "person"), ("welder", "person"), ("cobbler", "person"), ("glazier", "person"),
    ("juggler", "person"), ("mason", "person"), ("beekeeper", "person"), ("drummer", "person"),
    ("potter", "person"), ("tailor", "person"), ("sailor", "person"), ("surveyor", "person"),
    ("botanist", "person"), ("plumber", "person"), ("baker", "person"), ("barber", "person"),
    ("violinist", "person"), ("jeweller", "person"), ("librarian", "person"),
    ("cyclist", "person"), ("florist", "person"), ("grocer", "person"), ("harpist", "person"),
    ("locksmith", "person"),
    ("heron", "animal"), ("otter", "animal"), ("badger", "animal"), ("tapir", "animal"),
    ("falcon", "animal"), ("magpie", "animal"), ("stoat", "animal"), ("gazelle", "animal"),
    ("marmot", "animal"), ("pelican", "animal"), ("lizard", "animal"), ("jackal", "animal"),
    ("beaver", "animal"), ("weasel", "animal"), ("raven", "animal"), ("vulture", "animal"),
    ("leopard", "animal"), ("panther", "animal"), ("hamster", "animal"), ("gibbon", "animal"),
    ("cheetah", "animal"), ("walrus", "animal"), ("penguin", "animal"), ("sparrow", "animal"),
]  # fmt: skip
# (word, what it amounts to); the two kinds exclude each other.
_COMMON_ACTIONS = [
    ("running", "moving"), ("sleeping", "resting"), ("walking", "moving"), ("sitting", "resting"),
    ("jumping", "moving"), ("lying", "resting"),
]  # fmt: skip
_RARE_ACTIONS = [
    ("sprinting", "moving"), ("sauntering", "moving"), ("galloping", "moving"),
    ("scampering", "moving"), ("trotting", "moving"), ("prowling", "moving"),
    ("dozing", "resting"), ("reclining", "resting"), ("napping", "resting"),
    ("lounging", "resting"), ("slumbering", "resting"), ("drowsing", "resting"),
]  # fmt: skip
_COMMON_PLACES = [
    ("in the park", "outside"), ("on the street", "outside"), ("on the beach", "outside"),
    ("in the kitchen", "inside"), ("in the hall", "inside"), ("in the bedroom", "inside"),
]  # fmt: skip
_RARE_PLACES = [
    ("in the quarry", "outside"), ("by the estuary", "outside"), ("in the orchard", "outside"),
    ("on the jetty", "outside"), ("in the meadow", "outside"), ("on the moor", "outside"),
    ("in the attic", "inside"), ("in the pantry", "inside"), ("in the cellar", "inside"),
    ("in the corridor", "inside"), ("in the foyer", "inside"), ("in the parlour", "inside"),
]  # fmt: skip
_TIMES = ["today", "now", "again", "already", "alone"]
_COLOURS = ["black", "white", "brown", "grey"]
_RARE_COLOURS = [
    "russet", "amber", "ashen", "ivory", "tawny", "sable", "beige", "crimson", "golden", "silvery",
]  # fmt: skip
_COUNTS = ["two", "three", "four"]
_RARE_COUNTS = ["five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
_PURPOSES = ["to find food", "to meet a friend", "to win a prize", "to please a neighbour"]
_RARE_PURPOSES = [
    "to settle a wager", "to escape the drizzle", "to impress a rival", "to honour an ancestor",
    "to avoid a creditor", "to celebrate a harvest", "to confuse a spy", "to rehearse a ballad",
]  # fmt: skip
# Factive: what is noticed is so.
_NOTICED = [
    "noticed", "realised", "observed", "discovered", "remembered", "regretted", "forgot", "knew",
]  # fmt: skip
_MANNERS = [
    "quietly", "reluctantly", "merrily", "furtively", "patiently", "solemnly", "languidly",
    "defiantly", "cheerfully", "wearily",
]  # fmt: skip
_MOVING = 0.7
# Shares by tier of the hypotheses that a tell-tale word gives away.
_NEGATED = (0.4, 0.3, 0.2, 0.1)
_PURPOSEFUL = (1.0, 0.9, 0.7, 0.5)
_DENIAL = "it is not true that"


@dataclass(frozen=True, kw_only=True)
class Scene:
    """What a premise asserts.

    `count` is None for one; the others are None where the premise is silent.
    """

    noun: tuple[str, str]
    action: tuple[str, str]
    count: str | None = None
    colour: str | None = None
    place: tuple[str, str] | None = None
    companion: tuple[str, str] | None = None
    manner: str | None = None
    time: str | None = None


def pick(rng: random.Random, items: Sequence[T]) -> T:
    """One item, uniformly. Uses `random()` alone, whose stream Python keeps across versions."""
    return items[int(rng.random() * len(items))]


def make_pair(rng: random.Random, tier: int, label: str) -> tuple[str, str]:
    """A premise and a hypothesis.

    Args:
        rng: the only source of randomness.
        tier: difficulty, 0 (easiest) to 3.
        label: one of `LABELS`; how the premise bears on the hypothesis.

    Returns:
        Lower-case sentences of words separated by spaces, each ending in ` .`.
    """
    scene = _make_scene(rng, tier)
    premise = _clause(scene)
    if tier < 3:
        return f"{premise} .", f"{_hypothesis(rng, scene, tier, label)} ."
    premise = f"the {pick(rng, _RARE_NOUNS)[0]} {pick(rng, _NOTICED)} that {premise}"
    if rng.random() < 0.5:
        return f"{premise} .", f"{_hypothesis(rng, scene, tier, label)} ."
    denied = {"entailment": "contradiction", "contradiction": "entailment"}.get(label, label)
    return f"{premise} .", f"{_DENIAL} {_hypothesis(rng, scene, tier, denied)} ."


def _make_scene(rng: random.Random, tier: int) -> Scene:
    rare = tier == 3 or (tier == 2 and rng.random() < 0.5)
    nouns = _RARE_NOUNS if rare else _COMMON_NOUNS
    noun = pick(rng, nouns)
    # Unevenly, or the label would be an exclusive or of the two sentences, which a model from a
    # random start finds late or never.
    actions = _RARE_ACTIONS if rare else _COMMON_ACTIONS[: 4 + tier]
    kind = "moving" if rng.random() < _MOVING else "resting"
    action = pick(rng, [action for action in actions if action[1] == kind])
    if tier == 0:
        return Scene(noun=noun, action=action, time=pick(rng, _TIMES))
    count = pick(rng, _RARE_COUNTS if tier == 3 else _COUNTS)
    place = pick(rng, _RARE_PLACES if rare else _COMMON_PLACES)
    if tier == 1:
        return Scene(noun=noun, action=action, count=count, place=place)
    colour = pick(rng, _RARE_COLOURS if tier == 3 else _COLOURS)
    companion = pick(rng, [other for other in nouns if other[0] != noun[0]])
    return Scene(
        noun=noun,
        action=action,
        count=count,
        colour=colour,
        place=place,
        companion=companion,
        manner=pick(rng, _MANNERS) if tier == 3 else None,
    )


def _clause(scene: Scene) -> str:
    """The scene as a clause: `two black dogs are running in the park beside a man`."""
    parts = [_subject(scene.noun[0], scene.count, scene.colour)]
    if scene.manner is not None:
        parts.append(scene.manner)
    parts.append(scene.action[0])
    if scene.place is not None:
        parts.append(scene.place[0])
    if scene.companion is not None:
        parts.append(f"beside {_singular(scene.companion[0])}")
    if scene.time is not None:
        parts.append(scene.time)
    return " ".join(parts)


def _subject(noun: str, count: str | None, colour: str | None = None) -> str:
    """Subject and auxiliary: `two black dogs are`, `a dog is`."""
    phrase = f"{colour} {noun}" if colour else noun
    return f"{_singular(phrase)} is" if count is None else f"{count} {_plural(phrase)} are"


def _singular(phrase: str) -> str:
    return f"{'an' if phrase[0] in 'aeiou' else 'a'} {phrase}"


def _plural(phrase: str) -> str:
    *before, noun = phrase.split(" ")
    irregular = {"man": "men", "woman": "women", "child": "children", "person": "people"}
    return " ".join([*before, irregular.get(noun, f"{noun}s")])


def _hypothesis(rng: random.Random, scene: Scene, tier: int, label: str) -> str:
    if label == "neutral":
        return _left_open(rng, scene, tier)
    if label == "contradiction" and rng.random() < _NEGATED[tier]:
        subject = _subject(_general(rng, scene.noun), scene.count and "the")
        return f"{subject} not {_general(rng, scene.action)}"
    return _settled(rng, scene, tier, holds=label == "entailment")


def _settled(rng: random.Random, scene: Scene, tier: int, *, holds: bool) -> str:
    """Something the premise affirms, or its opposite: the action, the place or the colour."""
    noun = _general(rng, scene.noun)
    facts: list[tuple[str, Sequence[str]]] = [(scene.action[1], ("moving", "resting"))]
    if scene.place is not None and tier >= 2:
        facts.append((scene.place[1], ("inside", "outside")))
    if scene.colour is not None and tier == 3:
        facts.append((scene.colour, _RARE_COLOURS))
    fact, alternatives = pick(rng, facts)
    if not holds:
        fact = pick(rng, [other for other in alternatives if other != fact])
    return f"{_subject(noun, scene.count and 'the')} {fact}"


def _left_open(rng: random.Random, scene: Scene, tier: int) -> str:
    """Something the premise does not settle: a purpose, a colour or the companion's doings."""
    if rng.random() < _PURPOSEFUL[tier]:
        purpose = pick(rng, _RARE_PURPOSES if tier == 3 else _PURPOSES)
        subject = _subject(_general(rng, scene.noun), scene.count and "some")
        return f"{subject} {_general(rng, scene.action)} {purpose}"
    if scene.companion is None:
        return f"the {_plural(_general(rng, scene.noun))} are {pick(rng, _COLOURS)}"
    return f"the {scene.companion[0]} is {pick(rng, ('moving', 'resting', pick(rng, _COLOURS)))}"


def _general(rng: random.Random, word: tuple[str, str]) -> str:
    """The word itself or what it amounts to."""
    return pick(rng, word)
