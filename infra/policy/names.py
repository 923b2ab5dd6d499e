"""Rules for names and tags: what a provider refuses only during `up`, and no SDK looks at.

A name that a program leaves to the SDK is the logical name with a hyphen and seven characters.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from infra.policy.estate import UNKNOWN, Estate, Resource
from infra.policy.name_limits import NAMES
from infra.policy.rule import Findings, fault, rule

ENDING = "-0123abc"


def name_of(one: Resource) -> str:
    """Return what a resource is called at its provider; an ending that only `up` knows counts as eight characters."""
    given = one.inputs.get(NAMES[one.type].field)
    known = given if isinstance(given, str) else one.name + ENDING
    return re.sub(r"lifeboat-[a-z]+-ending\.hex", "0123abcd", known)


@rule()
def names_taken(estate: Estate) -> Findings:
    """Every name has a length and signs that the provider takes, and is none of its reserved ones."""
    for one in estate.of(*NAMES):
        known = NAMES[one.type]
        if one.inputs.get(known.field) is not UNKNOWN and not re.fullmatch(known.pattern, name_of(one), re.ASCII):
            yield fault(one, f"is called {name_of(one)!r}, which the provider refuses ({known.page})")


@dataclass(frozen=True)
class Tagging:
    """How one provider marks a resource: by which inputs, with how many tags, and what a key and a value may be."""

    fields: tuple[str, ...]
    most: int
    key: str
    value: str
    page: str


TAGGING = {
    "aws": Tagging(
        ("tags",),
        50,
        r"(?i:(?!aws:))[\w\s.:/=+@-]{1,128}",
        r"[\w\s.:/=+@-]{0,256}",
        "https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html",
    ),
    "gcp": Tagging(
        ("labels", "userLabels", "settings.userLabels"),
        64,
        r"[a-z][a-z0-9_-]{0,62}",
        r"[a-z0-9_-]{0,63}",
        "https://cloud.google.com/resource-manager/docs/labels-overview",
    ),
    "azure": Tagging(
        ("tags",),
        50,
        r"[^<>%&\\?/]{1,128}",
        r"(?s:.{0,256})",
        "https://learn.microsoft.com/azure/azure-resource-manager/management/tag-resources",
    ),
}
"""Storage accounts take 128 characters of key, the least of all types of Azure."""

NOT_TAGS = ("gcp:monitoring/notificationChannel:NotificationChannel",)
"""Its `labels` say where a message goes."""


@rule()
def tags_taken(estate: Estate) -> Findings:
    """Every tag has a key and a value that the provider takes, and there are not too many of them."""
    if estate.cloud not in TAGGING:
        return
    known = TAGGING[estate.cloud]
    for one, tags in _tags(estate, known):
        if len(tags) > known.most:
            yield fault(one, f"has {len(tags)} tags; {known.most} are taken ({known.page})")
        for key, value in tags.items():
            if not re.fullmatch(known.key, key) or (value is not UNKNOWN and not re.fullmatch(known.value, str(value))):
                yield fault(one, f"has the tag {key!r} = {value!r}, which the provider refuses ({known.page})")


def _tags(estate: Estate, known: Tagging) -> Iterator[tuple[Resource, Mapping[str, Any]]]:
    for one in estate.resources:
        for field in known.fields if one.type not in NOT_TAGS else ():
            yield from ((one, found) for found in one.at(field) if isinstance(found, Mapping))
