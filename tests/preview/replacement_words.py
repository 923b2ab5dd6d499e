"""`python -m tests.preview.replacement_words [TYPE ...]`: hold the table of replacements against the providers' own words.

The words are the installed SDKs' descriptions of each property, which are the providers' pages at the pinned versions.
Printed are a property that they say replaces, or that nobody can change, and the table says otherwise (exit 1), and on
what the table's other lines rest: the provider's words, the resource's identifier, a schema or page that is read
elsewhere (infra/replaced_parts.py says which), or knowledge alone, which the preview says beside each such field.
"""

import re
import sys
from collections import Counter
from dataclasses import dataclass

from infra.replacements import REPLACEMENTS
from tests.engine import sdk

GETTER = re.compile(
    r'    @pulumi\.getter(?:\(name="\w+"\))?\n(?:    @.*\n)*    def (?P<name>\w+)\(self\)[^\n]*\n'
    r'        """\n(?P<words>.*?)\n        """',
    re.DOTALL,
)
REPLACES = re.compile(
    r"chang\w+ (?:this|it)(?: value)? (?:will )?forces? (?:a )?(?:new|resource re-?creation)|will force a (?:new|recreation)"
    r"|will trigger recreation|must be recreated to modify",
    re.I,
)
FIXED = re.compile(r"\b(?:is|the) immutable\b|(?:this|it|field|attribute) can(?:not|'t) be (?:changed|updated)", re.I)
TAKEN_OTHERWISE = {
    (
        "azure-native:storage:StorageAccount",
        "access_tier",
    ): "it cannot be changed for premium accounts, and ours is none",
    ("azure-native:storage:BlobContainer", "immutable_storage_with_versioning"): "it names a feature",
}
"""Properties whose words hold such a sentence about something else."""

SAID, IDENTIFIER = "said by the SDK", "part of the identifier"
READ, ASSUMED = "read in a schema or page", "from knowledge"
GROUNDS = (SAID, IDENTIFIER, READ, ASSUMED)

IMPORTED_BY = re.compile(r"pulumi import`\*{0,2}(?: to import|,? import)(?P<how>[^\n]*)")
LOOKED_UP_BY = re.compile(r"^def get_\w+\((?P<names>[^)]*)\)", re.MULTILINE)


@dataclass(frozen=True)
class Words:
    """What the SDK says of one type: sentences of a replacement and of a fixed value, by the property's Python name."""

    replaces: dict[str, str]
    fixed: dict[str, str]
    identifier: frozenset[str]


def words(token: str) -> Words:
    """Read what the installed SDK says of the inputs of a type; KeyError for an unknown one."""
    text, inputs = sdk.source(token), sdk.inputs(token)
    told = {
        found["name"]: re.split(r"(?<=[.!])\s+", " ".join(found["words"].split())) for found in GETTER.finditer(text)
    }
    return Words(
        {name: said for name in inputs & told.keys() if (said := _first(REPLACES, told[name]))},
        {name: said for name in inputs & told.keys() if (said := _first(FIXED, told[name]))},
        _identifier(token, text),
    )


def _identifier(token: str, text: str) -> frozenset[str]:
    """Return what a type's identifier is made of: what an import names, or in Azure what finds the resource again."""
    named = re.findall(r"\{(\w+)\}", " ".join(sdk.import_examples(token)))
    named += re.findall(r"`(\w+)`", " ".join(found["how"] for found in IMPORTED_BY.finditer(text)))
    if token.startswith("azure-native:"):
        found = LOOKED_UP_BY.search(sdk.lookup(token))
        named += re.findall(r"(\w+):", found["names"]) if found else []
    return frozenset(map(sdk.snake, named)) - {"id", "arn", "opts", "expand"}


def _first(pattern: re.Pattern[str], sentences: list[str]) -> str:
    return next((sentence for sentence in sentences if pattern.search(sentence)), "")


def contradictions(token: str) -> list[str]:
    """Return a sentence for every property of a type of which the table says something else than the provider."""
    said, table = words(token), REPLACEMENTS[token]
    listed, updates = _tops((*table.replaces, *table.sometimes)), _tops(table.updates)
    unlisted = {name: text for name, text in said.replaces.items() if name not in listed}
    moved = {name: text for name, text in said.fixed.items() if name in updates}
    return [
        f"{token}, {name}: {text}"
        for name, text in sorted((unlisted | moved).items())
        if (token, name) not in TAKEN_OTHERWISE
    ]


def grounds(token: str) -> Counter[str]:
    """Count on what each property that the table lists as replacing a type rests."""
    said, table = words(token), REPLACEMENTS[token]
    told, assumed = said.replaces.keys() | said.fixed.keys(), _tops(table.assumed)
    return Counter(
        ASSUMED if name in assumed else SAID if name in told else IDENTIFIER if name in said.identifier else READ
        for name in _tops(table.replaces)
    )


def _tops(paths: tuple[str, ...]) -> set[str]:
    return {sdk.snake(path.partition(".")[0]) for path in paths}


def main(tokens: list[str]) -> int:
    """Print what contradicts the providers, and what the rest of the table stands on."""
    chosen = tokens or sorted(REPLACEMENTS)
    faults = [fault for token in chosen for fault in contradictions(token)]
    print("\n".join(faults) if faults else "The table contradicts no word of the providers.")
    for package in sdk.MODULES:
        found = sum((grounds(token) for token in chosen if token.startswith(f"{package}:")), Counter[str]())
        print(f"{package + ' ' + sdk.version(package):24} " + ", ".join(f"{found[name]} {name}" for name in GROUNDS))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
