"""Names and numbers: what the providers refuse only during `up`, looked at before, for all that the programs make."""

import re

import pytest

from infra import clouds
from infra.policy import check as checking
from infra.policy.estate import read_recording
from infra.policy.limits import LIMITS
from infra.policy.name_limits import NAMES
from infra.policy.rule import RULES
from tests.infra.recordings import recording

assert checking.RULE_FILES
PROVIDERS_OWN = ("names-taken", "tags-taken", "values-taken", "passwords-taken", "ranges-apart")


@pytest.mark.parametrize("cloud", clouds.NAMES)
def test_every_program_keeps_what_the_providers_refuse_during_up(cloud: str) -> None:
    """It finds no name, tag, number, password or range in the whole program that the provider would refuse."""
    estate = read_recording({"resources": recording(cloud, joined=True).resources})

    assert [one for name in PROVIDERS_OWN for one in RULES[name].check(estate)] == []


@pytest.mark.parametrize("kind", sorted(NAMES))
def test_every_rule_on_names_has_something_to_look_at(kind: str) -> None:
    """It knows no type that no program makes any more, and looks at the input that carries the name."""
    cloud = {"azure-native": "azure"}.get(kind.partition(":")[0], kind.partition(":")[0])

    assert recording(cloud, joined=True).of_type(kind)


@pytest.mark.parametrize(("kind", "path"), [(kind, path) for kind, known in LIMITS.items() for path in known])
def test_every_limit_has_something_to_look_at(kind: str, path: str) -> None:
    """It looks at an input that a program really gives: a misspelt path would find nothing wrong for ever."""
    cloud = {"azure-native": "azure"}.get(kind.partition(":")[0], kind.partition(":")[0])
    estate = read_recording({"resources": recording(cloud, joined=True).resources})

    assert [value for one in estate.of(kind) for value in one.at(path)]


@pytest.mark.parametrize("cloud", clouds.NAMES)
def test_tags_are_ones_that_all_three_clouds_take(cloud: str) -> None:
    """It marks with few, short, lower-case tags: GCP takes nothing else, and Azure refuses some signs."""
    found = recording(cloud).provided()
    tags = [one["inputs"].get(one["tagged_by"]) or {} for one in found if one["tagged_by"]]

    lawful = re.compile(r"[a-z][a-z0-9_-]{0,62}")

    assert max(map(len, tags)) <= 50
    assert not [key for each in tags for key in each if not lawful.fullmatch(key.lower())]
    assert not [value for each in tags for value in each.values() if len(str(value)) > 63]
