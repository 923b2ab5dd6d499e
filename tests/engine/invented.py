"""What a double answers for the outputs that only a real cloud could know.

The tables name what a type's consumers rely on (identifiers, addresses, host names). Everything else that the SDK
promises is filled in by its name and kind, so that no promised output is ever missing.
"""

import re
from collections.abc import Mapping
from typing import Any

from tests.engine import sdk
from tests.engine.facts import SECRET, SIGNATURE
from tests.engine.shapes import Shape
from tests.engine.shapes_aws import AWS
from tests.engine.shapes_azure import AZURE
from tests.engine.shapes_gcp import GCP
from tests.engine.shapes_random import RANDOM

SHAPES: dict[str, Shape] = {**AWS, **GCP, **AZURE, **RANDOM}

BY_ENDING = {
    "arn": "{arn}",
    "Arn": "{arn}",
    "tagsAll": "{tags}",
    "selfLink": "https://www.googleapis.com/compute/v1/{id}",
    "namePrefix": "{name}-",
    "Id": "{hex}",
    "Name": "{name}",
    "name": "{name}",
    "region": "{region}",
    "location": "{region}",
    "project": "{project}",
    "Address": "{private_address}",
    "Ip": "{private_address}",
    "Url": "https://{name}.cloud.example/",
    "Uri": "https://{name}.cloud.example/",
    "uri": "https://{name}.cloud.example/",
    "Time": "2026-01-01T00:00:00Z",
    "Timestamp": "2026-01-01T00:00:00Z",
    "email": "{name}@{project}.iam.gserviceaccount.com",
    "provisioningState": "Succeeded",
}

BY_KIND = {"bool": False, "int": 0, "float": 0}


def shape_of(token: str) -> Shape:
    """Return the table's entry for a type, or one without a word where the SDK says enough."""
    return SHAPES.get(token, Shape())


def computed(token: str, inputs: Mapping[str, Any]) -> list[sdk.Output]:
    """Return the outputs that the cloud adds to what the program gave."""
    listed = shape_of(token).outputs
    return [
        each
        for each in sdk.outputs(token)
        if each.name in listed or (each.always_there and inputs.get(each.name) is None)
    ]


def identifier(token: str, words: Mapping[str, Any]) -> str:
    """Return the identifier of a new resource: as the table says, else in the form that the SDK documents."""
    if listed := shape_of(token).id:
        return fill(listed, words)
    form = documented_form(token)
    return fill(form, last_parts(words) if form.startswith("projects/") else words)


def last_parts(words: Mapping[str, Any]) -> dict[str, Any]:
    """Return the words with every path cut to its last part: Google's identifiers are made of short names."""
    return {key: value.rpartition("/")[2] if isinstance(value, str) else value for key, value in words.items()}


def documented_form(token: str) -> str:
    """Return the template of a type's identifiers, taken from the SDK's import examples."""
    examples = sdk.import_examples(token)
    for example in examples:
        if example.startswith("arn:"):
            return "{arn}"
        if prefix := re.fullmatch(r"([a-z]+(?:-[a-z]+)*)-[0-9a-f]{6,17}", example):
            return f"{prefix[1]}-{{hex}}"
        if example.startswith("projects/{{"):
            return re.sub(r"{{%?(\w+)}}", lambda found: f"{{{camel(found[1])}}}", example)
    return "{name}-{hex}"


def outputs(token: str, inputs: Mapping[str, Any], words: Mapping[str, Any]) -> dict[str, Any]:
    """Return all outputs of a new resource: what it was given, and what the cloud adds."""
    return answered(inputs) | {each.name: invent(token, each, inputs, words) for each in computed(token, inputs)}


def answered(given: Any) -> Any:
    """Return what was given as Azure answers it: identities are given as a list and come back as a mapping."""
    if not isinstance(given, Mapping):
        return given
    return {
        key: {identity: {} for identity in value}
        if key == "userAssignedIdentities" and isinstance(value, list)
        else answered(value)
        for key, value in given.items()
    }


def invent(token: str, output: sdk.Output, inputs: Mapping[str, Any], words: Mapping[str, Any]) -> Any:
    """Return one output that the cloud adds; a listed mapping is merged into what the program gave."""
    listed = shape_of(token).outputs
    if output.name in listed:
        return merged(inputs.get(output.name), fill(listed[output.name], words))
    if output.name == (shape_of(token).named_by or "name"):
        return words["name"]
    return guess(output, words)


def merged(given: Any, added: Any) -> Any:
    """Return what the program gave together with what the cloud adds to it; a secret stays a secret."""
    if not isinstance(given, Mapping) or not isinstance(added, Mapping):
        return added
    if given.get(SIGNATURE) == SECRET:
        return {**given, "value": merged(given["value"], added)}
    return {**given, **added}


def guess(output: sdk.Output, words: Mapping[str, Any]) -> Any:
    """Return a value of the right kind for an output that no table names."""
    if output.kind.startswith(("Sequence[", "Any")):
        return []
    if output.kind.startswith(("Mapping[", "'outputs.")):
        return fill("{tags}", words) if output.name == "tagsAll" else {}
    if output.kind in BY_KIND:
        return BY_KIND[output.kind]
    ending = next((text for end, text in BY_ENDING.items() if output.name.endswith(end)), f"{{name}}-{output.name}")
    return fill(ending, words)


def fill(template: Any, words: Mapping[str, Any]) -> Any:
    """Return a template with its words replaced; a text of nothing but one word becomes the value itself."""
    if isinstance(template, Mapping):
        return {key: fill(value, words) for key, value in template.items()}
    if isinstance(template, list):
        return [fill(value, words) for value in template]
    if not isinstance(template, str):
        return template
    alone = re.fullmatch(r"{(\w+)}", template)
    return words[alone[1]] if alone and alone[1] in words else template.format_map(Words(words))


class Words(dict[str, Any]):
    """The words of one resource; one that it lacks reads as the resource's own name."""

    def __missing__(self, key: str) -> Any:
        return self["name"]


def camel(name: str) -> str:
    """Return a name of Google's documentation, such as `secret_id`, as it is written on the wire."""
    return re.sub(r"_(\w)", lambda found: found[1].upper(), name)
