"""What the installed Pulumi SDKs themselves say of their types, read from their source without importing them.

Every generated SDK registers its types in `__init__.py` and marks each class with its type token, so a type that is
not found here is one that the pinned provider release does not have.
"""

import json
import re
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

MODULES = {"aws": "pulumi_aws", "gcp": "pulumi_gcp", "azure-native": "pulumi_azure_native", "random": "pulumi_random"}

REGISTRY = re.compile(r'resource_modules="""(.*?)"""', re.DOTALL)
OUTPUT = re.compile(
    r'@pulumi\.getter(?:\(name="(?P<wire>\w+)"\))?\n(?:\s+@.*\n)*'
    r"\s+def (?P<name>\w+)\(self\) -> pulumi\.Output\[(?P<type>.*)\]:"
)
INPUT = re.compile(r'__props__\.__dict__\["(?P<name>\w+)"\] = (?!None\b)')
IMPORT = re.compile(r"\$ pulumi import (?P<token>\S+) \S+ (?P<id>\S+)")


@dataclass(frozen=True)
class Output:
    """One output of a resource type: its name on the wire and its Python type as written in the SDK."""

    name: str
    kind: str

    @property
    def always_there(self) -> bool:
        """Tell whether the provider promises a value even when the program gave none."""
        return not self.kind.startswith("Optional[")


@cache
def folder(package: str) -> Path:
    """Return the folder of the installed SDK of a provider, such as `azure-native`."""
    spec = find_spec(MODULES[package])
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"The SDK {MODULES[package]} is not installed; run scripts/test, which installs it.")
    return Path(spec.origin).parent


@cache
def version(package: str) -> str:
    """Return the version of the provider that the SDK belongs to."""
    return json.loads((folder(package) / "pulumi-plugin.json").read_text())["version"]


@cache
def types(package: str) -> dict[str, str]:
    """Return every resource type of the SDK: its token and the Python module that holds it."""
    found = REGISTRY.search((folder(package) / "__init__.py").read_text())
    if found is None:
        raise ValueError(f"{MODULES[package]} {version(package)} registers no types; its generated layout has changed.")
    return {token: entry["fqn"] for entry in json.loads(found[1]) for token in entry["classes"]}


@cache
def source(token: str) -> str:
    """Return the source text from the class of a type to the end of its file; KeyError for an unknown type."""
    package = token.partition(":")[0]
    place = folder(package).parent.joinpath(*types(package)[token].split("."))
    mark = f'@pulumi.type_token("{token}")'
    likely = place / f"{snake(token.rpartition(':')[2])}.py"
    for path in [likely, *sorted(place.glob("*.py"))]:
        if path.is_file() and mark in (text := path.read_text()):
            return text[text.index(mark) :]
    raise KeyError(token)


@cache
def lookup(token: str) -> str:
    """Return the source of the function that looks up a resource of a type, or nothing where the SDK has none."""
    package, name = token.partition(":")[0], snake(token.rpartition(":")[2])
    path = folder(package).parent.joinpath(*types(package)[token].split("."), f"get_{name}.py")
    return path.read_text() if path.is_file() else ""


@cache
def outputs(token: str) -> tuple[Output, ...]:
    """Return the outputs that the SDK declares for a type; KeyError for an unknown type."""
    found = OUTPUT.finditer(source(token))
    return tuple(Output(each["wire"] or each["name"], each["type"].replace("_builtins.", "")) for each in found)


@cache
def inputs(token: str) -> frozenset[str]:
    """Return the inputs of a type by their Python names."""
    return frozenset(found["name"] for found in INPUT.finditer(source(token)))


@cache
def import_examples(token: str) -> tuple[str, ...]:
    """Return the identifiers that the SDK's own documentation gives for importing a resource of this type."""
    return tuple(dict.fromkeys(found["id"] for found in IMPORT.finditer(source(token)) if found["token"] == token))


def snake(name: str) -> str:
    """Return a class name as the SDK's generator writes its file name."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()
