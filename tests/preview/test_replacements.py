"""The table of replacements: its form, its pages, and that it speaks of types and properties that exist."""

import json
import subprocess
import sys

import pytest

from infra import replaced_parts
from infra.replacements import REPLACEMENTS, Replacement
from scripts.previewing.parity_facts import DATA
from scripts.previewing.recordings import CLOUDS
from tests.engine import sdk
from tests.infra.recordings import ROOT, recording
from tests.preview import replacement_words


def test_every_type_that_holds_data_is_listed() -> None:
    """It knows what replaces each type that holds data or a key, and what that destroys."""
    unlisted = [kind for kind in DATA if kind not in REPLACEMENTS]
    silent = [kind for kind in DATA if not (REPLACEMENTS[kind].replaces and REPLACEMENTS[kind].destroys)]

    assert (unlisted, silent) == ([], [])


@pytest.mark.parametrize("cloud", CLOUDS)
def test_the_programs_use_exactly_what_is_listed(cloud: str) -> None:
    """It lists every type that a cloud's program uses, joined to its peers, and no other."""
    package = {"azure": "azure-native"}.get(cloud, cloud)

    used = {one["type"] for one in recording(cloud, joined=True).resources}

    assert {kind for kind in REPLACEMENTS if kind.partition(":")[0] == package} == {
        kind for kind in used if kind.partition(":")[0] == package
    }


@pytest.mark.parametrize("kind", sorted(REPLACEMENTS))
def test_every_listed_property_is_an_input_of_its_type(kind: str) -> None:
    """It names no property that the pinned SDK does not have."""
    known = sdk.inputs(kind) | {name.rstrip("_") for name in sdk.inputs(kind)}
    found = REPLACEMENTS[kind]

    named = {path.partition(".")[0] for path in (*found.replaces, *found.updates, *found.sometimes)}

    assert {name for name in named if sdk.snake(name) not in known} == set()


@pytest.mark.parametrize("kind", sorted(REPLACEMENTS))
def test_what_is_assumed_is_listed_and_said_nowhere(kind: str) -> None:
    """It marks as assumed only what it lists, and nothing that the SDK says itself."""
    said = replacement_words.words(kind)
    names = {sdk.snake(path.partition(".")[0]) for path in REPLACEMENTS[kind].assumed}

    assert set(REPLACEMENTS[kind].assumed) <= set(REPLACEMENTS[kind].replaces)
    assert names & (said.replaces.keys() | said.identifier) == set()


def test_every_loss_is_of_a_type_that_is_listed() -> None:
    """It says of no unlisted type what replacing it destroys."""
    assert set(replaced_parts.DESTROYS) <= set(REPLACEMENTS)


@pytest.mark.parametrize("kind", sorted(REPLACEMENTS))
def test_an_entry_contradicts_itself_nowhere(kind: str) -> None:
    """It gives each property one effect, and each type the provider's page."""
    found = REPLACEMENTS[kind]
    every = [*found.replaces, *found.updates, *found.sometimes]

    assert len(set(every)) == len(every)
    assert found.page.startswith("https://")


def test_the_table_prints_as_json_without_pulumi() -> None:
    """It can be read by a script that may not import it, and loads no SDK for that."""
    program = "import sys, infra.replacements as r; r.main(); assert 'pulumi' not in sys.modules"

    printed = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=60)

    assert printed.returncode == 0, printed.stderr
    assert json.loads(printed.stdout).keys() == REPLACEMENTS.keys()


def test_the_table_contradicts_no_word_of_the_providers() -> None:
    """It lists whatever the installed SDKs say replaces a type, and calls nothing an update that they call fixed."""
    assert [fault for kind in sorted(REPLACEMENTS) for fault in replacement_words.contradictions(kind)] == []


def test_a_line_that_contradicts_the_provider_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """It names the property that a table forgets, or calls an update, with the provider's sentence."""
    user, key = "gcp:sql/user:User", "gcp:kms/cryptoKey:CryptoKey"
    monkeypatch.setitem(REPLACEMENTS, user, Replacement(page="", replaces=("name",)))
    monkeypatch.setitem(REPLACEMENTS, key, Replacement(page="", replaces=("name", "keyRing"), updates=("purpose",)))

    forgotten, moved = (replacement_words.contradictions(kind) for kind in (user, key))

    assert f"{user}, instance: Changing this forces a new resource to be created." in "\n".join(forgotten)
    assert "The immutable purpose of this CryptoKey." in "\n".join(moved)
