"""Checks a history against two models, and says in a sentence what contradicts them.

**Set.** The posts of all sessions are one linearizable set, read at the primary: every operation takes effect at one
moment between its start and its end, an unknown one at any moment after its start or never. No element is added twice,
so the set is linearizable exactly if each element by itself is (locality: Herlihy and Wing, "Linearizability", 1990),
and an element by itself has three states: not yet, there, gone. That is decided exactly, not sampled. Readings at a
standby may be old, but each shows its own session's acknowledged posts (read your writes). Beside the model: an
idempotency key stands for one post, and no post is shown twice.

The app promises less than that in one point: a reader may see a post, or miss a removed one, before its author has been
told so, and if the primary's cloud dies in that moment, what was seen is undone. Such a contradiction has the kind
`unconfirmed`; everything else is a broken promise.

**Register.** The epoch is a linearizable register that only grows: whoever looks sees at least what was begun, or seen
by anybody, before the looking began, and nothing whose beginning had not begun. An epoch has one holder.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from tests.history.operations import Add, History, Read, Remove, effect_by

Kind: TypeAlias = Literal[
    "lost", "stale", "came back", "from nothing", "duplicate", "own write missed", "epoch", "unconfirmed"
]


@dataclass(frozen=True)
class Violation:
    """One thing that cannot have happened."""

    kind: Kind
    sentence: str


@dataclass
class _Life:
    """All that concerns one element."""

    adds: list[Add] = field(default_factory=list)
    remove: Remove | None = None
    found: list[Read] = field(default_factory=list)
    missed: list[Read] = field(default_factory=list)


def check(history: History) -> list[Violation]:
    """Return everything that contradicts the models; an empty list for a history that can have happened."""
    return [*check_set(history), *check_epochs(history)]


def broken_promises(history: History) -> list[Violation]:
    """Return what contradicts the models and was promised to somebody."""
    return [violation for violation in check(history) if violation.kind != "unconfirmed"]


def check_set(history: History) -> list[Violation]:
    """Check the set of posts."""
    lives = _lives(history)
    violations = [found for element, life in lives.items() if (found := _check_life(element, life))]
    return [*violations, *_duplicates(history), *_own_writes_missed(history)]


def check_epochs(history: History) -> list[Violation]:
    """Check the epoch as a register that only grows, with one holder for each value."""
    return [*_holders(history), *_backward_sights(history), *_early_sights(history)]


def _lives(history: History) -> dict[str, _Life]:
    lives: dict[str, _Life] = defaultdict(_Life)
    for add in history.adds:
        lives[add.element].adds.append(add)
    for remove in history.removes:
        lives[remove.element].remove = remove
    for read in history.reads:
        if read.at_primary:
            found = set(read.found)
            for element in read.asked | found:
                life = lives[element]
                (life.found if element in found else life.missed).append(read)
    return lives


def _check_life(element: str, life: _Life) -> Violation | None:
    """Say what is wrong with one element, if anything is."""
    add = next((add for add in life.adds if add.ending != "refused"), None)
    if add is None:
        return _from_nothing(element, "nobody was told anything but that it is not saved") if life.found else None
    if any(read.end < add.start for read in life.found):
        return _from_nothing(element, "it was seen before its author sent it")
    remove = life.remove if life.remove and life.remove.ending != "refused" else None
    if _fits(add, remove, life.found, life.missed):
        return None
    if _fits(add, remove, *_seen_as_promised(add, remove, life)):
        return Violation(
            "unconfirmed", f"{element!r} was seen in a state that nobody had been told of and that was undone"
        )
    return _name(element, add, remove, life)


def _seen_as_promised(add: Add, remove: Remove | None, life: _Life) -> tuple[list[Read], list[Read]]:
    """Return the readings that found it after its author was told so, and those that missed it not during its removal."""
    found = [read for read in life.found if read.end >= effect_by(add)]
    if remove is None:
        return found, life.missed
    return found, [read for read in life.missed if read.end <= remove.start or read.start >= effect_by(remove)]


def _fits(add: Add, remove: Remove | None, found: list[Read], missed: list[Read]) -> bool:
    """Decide whether there are a moment of adding and a later one of removal that agree with every reading."""
    added_by = min([effect_by(add), *(read.end for read in found)])
    gone_after = max([remove.start if remove else math.inf, *(read.start for read in found)])
    # A reading that missed it took place before the adding or after the removal; which of them came before is tried out.
    for start in [add.start, *(read.start for read in missed)]:
        added = max(start, add.start)
        after = [read.end for read in missed if read.start > added]
        gone_by = min([effect_by(remove) if remove else math.inf, *after])
        if not remove and after:
            continue
        if added <= added_by and max(added, gone_after) <= gone_by:
            return True
    return False


def _name(element: str, add: Add, remove: Remove | None, life: _Life) -> Violation:
    """Put a contradiction into words."""
    if remove and remove.ending == "ok" and (late := [read for read in life.found if read.start > remove.end]):
        return Violation("came back", f"{element!r} was removed at {remove.end:.3f} and seen at {late[0].end:.3f}")
    last = max(life.missed, key=lambda read: read.start)
    if any(read.end > last.start for read in life.found):
        return Violation(
            "stale", f"{element!r}, acknowledged at {add.end:.3f}, was not shown at {last.start:.3f}, but later"
        )
    return Violation("lost", f"{element!r}, acknowledged at {add.end:.3f}, was not shown from {last.start:.3f} on")


def _from_nothing(element: str, why: str) -> Violation:
    return Violation("from nothing", f"{element!r} was shown, but {why}")


def _duplicates(history: History) -> Iterable[Violation]:
    """Name every key that stands for two posts, and every post that is shown twice."""
    made: dict[tuple[str, str], set[str]] = defaultdict(set)
    for add in history.acknowledged:
        made[add.session, add.key].add(add.made or add.element)
    for (session, key), several in made.items():
        if len(several) > 1:
            yield Violation("duplicate", f"the key {key!r} of {session} made {len(several)} posts: {sorted(several)}")
    shown = {element for read in history.reads for element, copies in Counter(read.found).items() if copies > 1}
    for element in sorted(shown):
        yield Violation("duplicate", f"{element!r} was shown twice in one reading")


def _own_writes_missed(history: History) -> Iterable[Violation]:
    """Name every reading at a standby that did not show its own session what it had been told is saved."""
    own: dict[str, list[Add]] = defaultdict(list)
    for add in history.acknowledged:
        own[add.session].append(add)
    removed = {remove.element for remove in history.removes}
    for read in history.reads:
        if read.at_primary:
            continue  # the set's own check is stricter
        expected = {add.element for add in own[read.session] if add.end < read.start and add.element in read.asked}
        for element in sorted(expected - set(read.found) - removed):
            yield Violation("own write missed", f"{read.session} did not see its own {element!r} at {read.start:.3f}")


def _holders(history: History) -> Iterable[Violation]:
    holders: dict[int, set[str]] = defaultdict(set)
    won = [takeover for takeover in history.takeovers if takeover.ending == "ok"]
    for one in [*history.sights, *won]:
        holders[one.epoch].add(one.holder)
    for epoch, several in holders.items():
        if len(several) > 1:
            yield Violation("epoch", f"epoch {epoch} was held by {' and '.join(sorted(several))}")


def _backward_sights(history: History) -> Iterable[Violation]:
    """Name every sight that is older than what was begun or seen before the looking began."""
    won = [takeover for takeover in history.takeovers if takeover.ending == "ok"]
    known = sorted((one.end, one.epoch) for one in [*history.sights, *won])
    highest, position = 0, 0
    for sight in sorted(history.sights, key=lambda one: one.start):
        while position < len(known) and known[position][0] < sight.start:
            highest, position = max(highest, known[position][1]), position + 1
        if sight.epoch < highest:
            yield Violation("epoch", f"epoch {sight.epoch} was seen at {sight.start:.3f}, after epoch {highest}")


def _early_sights(history: History) -> Iterable[Violation]:
    """Name every sight of an epoch before anybody had asked for it; the first epoch of a history is given."""
    begun: dict[int, float] = {}
    for takeover in history.takeovers:
        if takeover.ending != "refused":
            begun[takeover.epoch] = min(begun.get(takeover.epoch, math.inf), takeover.start)
    given = min((sight.epoch for sight in history.sights), default=0)
    for sight in history.sights:
        if sight.epoch != given and sight.end < begun.get(sight.epoch, math.inf):
            yield Violation("epoch", f"epoch {sight.epoch} was seen at {sight.end:.3f} before anybody began it")
