"""Operators come and go by the reviewed file; a key never leaves the computer it was made on."""

import json
from pathlib import Path

import pytest

from scripts.embedded.layout import LocalSettings, decide, write_platform
from scripts.embedded.postgres_binaries import find_postgres
from scripts.runbook import operator_keys, sites
from scripts.runbook.errors import BadOperator, NoOperator, UsageError
from scripts.runbook.signing import unseal
from scripts.runbook.sites import Platform
from tests.conftest import free_port


@pytest.fixture
def platform(tmp_path: Path) -> Platform:
    """Give a platform of which one person was made the operator."""
    layout = decide(LocalSettings(tmp_path / "local", edge_port=free_port()), find_postgres())
    write_platform(layout)
    return sites.load(layout.folder)


def test_whoever_starts_the_local_sites_is_an_operator(platform: Platform) -> None:
    """With a key of their own that only they can read."""
    me = operator_keys.person_here()

    assert operator_keys.keys_here(platform) == [me]
    assert platform.operator_key(me).stat().st_mode & 0o077 == 0
    sealed = operator_keys.signer_here(platform).seal({"a": 1})
    assert unseal(sealed, platform.operators(), me) == {"a": 1}


def test_an_operator_is_added_and_removed(platform: Platform) -> None:
    """The public key stands in the file that everybody reads, at once; nothing else in the file changes."""
    before = json.loads((platform.folder / "platform.json").read_text())
    signer = operator_keys.add(platform, "ana")
    added = json.loads((platform.folder / "platform.json").read_text())
    operator_keys.remove(platform, "ana")

    assert added == {**before, "operators": {**before["operators"], "ana": signer.public}}
    assert json.loads((platform.folder / "platform.json").read_text()) == before


BAD_NAMES = {
    "Ana": "'Ana' is no operator's name: up to 31 lower-case letters, digits and hyphens.",
    "../gcp": "'../gcp' is no operator's name: up to 31 lower-case letters, digits and hyphens.",
    "": "'' is no operator's name: up to 31 lower-case letters, digits and hyphens.",
    "gcp": "gcp is a site of this platform: an operator needs another name.",
}


@pytest.mark.parametrize(("name", "sentence"), BAD_NAMES.items())
def test_a_bad_name_is_refused(platform: Platform, name: str, sentence: str) -> None:
    """A name becomes part of a key and of a sentence."""
    with pytest.raises(BadOperator) as refused:
        operator_keys.add(platform, name)

    assert str(refused.value) == sentence


def test_a_key_is_never_made_twice(platform: Platform) -> None:
    """Neither over a trusted one, nor over a file that somebody may still need."""
    operator_keys.add(platform, "ana")
    with pytest.raises(BadOperator, match=r"^There is an operator ana already: remove that one first"):
        operator_keys.add(platform, "ana")
    operator_keys.remove(platform, "ana")
    with pytest.raises(BadOperator, match=r"operator-ana\.pem is there already, and nobody trusts it: move it away"):
        operator_keys.add(platform, "ana")


def test_the_last_operator_stays(platform: Platform) -> None:
    """Nobody can lock everybody out; whoever is not there cannot be removed."""
    me = operator_keys.person_here()

    with pytest.raises(BadOperator, match=rf"^{me} is the last operator: add another one first"):
        operator_keys.remove(platform, me)
    with pytest.raises(BadOperator, match=rf"^There is no operator ben; there is {me}\.$"):
        operator_keys.remove(platform, "ben")


def test_a_computer_without_a_key_can_say_nothing(platform: Platform) -> None:
    """It is told how to get one."""
    platform.operator_key(operator_keys.person_here()).unlink()

    with pytest.raises(NoOperator, match=r"holds no operator's key, .* make one with `lifeboat operator add NAME`"):
        operator_keys.signer_here(platform)


def test_a_computer_with_several_keys_asks_which(platform: Platform) -> None:
    """Unless one of them is that of the person who sits there."""
    operator_keys.add(platform, "ana")
    operator_keys.add(platform, "ben")
    mine = operator_keys.signer_here(platform).name
    platform.operator_key(mine).unlink()

    with pytest.raises(NoOperator, match="holds the keys of ana, ben: say which with --as NAME"):
        operator_keys.signer_here(platform)
    assert operator_keys.signer_here(platform, "ben").name == "ben"
    with pytest.raises(NoOperator, match="holds no key of an operator carl"):
        operator_keys.signer_here(platform, "carl")


def test_operators_of_another_form_are_one_sentence(platform: Platform) -> None:
    """Somebody edited the reviewed file by hand."""
    path = platform.folder / "platform.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "operators": ["ana"]}))

    with pytest.raises(UsageError, match=r"names its operators in another form"):
        platform.operators()
