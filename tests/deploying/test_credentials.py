"""The rights of CI's roles: read from the stacks, in the document as they are, and no more than they should be."""

import pytest

from scripts.credentials import BEGIN, DOCUMENT, END, put_in, render
from scripts.deploying.ci_roles import Role, read_roles
from scripts.previewing.graph import read_graph
from scripts.runbook.errors import PreviewRefused
from tests.infra.recordings import recording

CLOUDS = ("aws", "gcp", "azure")
GRAPHS = {}


def graphs() -> dict:
    for cloud in CLOUDS:
        if cloud not in GRAPHS:
            found = recording(cloud)
            GRAPHS[cloud] = read_graph(
                {"cloud": cloud, "resources": list(found.resources), "outputs": found.outputs}, "of a test"
            )
    return GRAPHS


def roles(cloud: str) -> dict[str, Role]:
    return {role.name: role for role in read_roles(graphs()[cloud])}


def test_the_document_says_what_the_stacks_say() -> None:
    """It holds the tables of today's programs; `lifeboat credentials --write` brings it up to date."""
    document = DOCUMENT.read_text()

    assert put_in(document, render(graphs())) == document


@pytest.mark.parametrize("cloud", CLOUDS)
def test_each_role_takes_one_exact_subject(cloud: str) -> None:
    """It lets in the one environment that is meant for it, and nobody by a pattern."""
    found = roles(cloud)

    assert {name: role.subjects for name, role in found.items()} == {
        "preview": (f"repo:example/lifeboat:environment:{cloud}-preview",),
        "deploy": (f"repo:example/lifeboat:environment:{cloud}",),
    }


@pytest.mark.parametrize("cloud", CLOUDS)
def test_the_preview_role_changes_nothing(cloud: str) -> None:
    """It has rights, and none that is called after a change; the deploying role has more."""
    found = roles(cloud)
    words = " ".join(right.what.lower() for right in found["preview"].rights)

    assert found["preview"].rights
    assert not [word for word in ("admin", "contributor", "owner", "editor", ":put", ":*", "write") if word in words]
    assert set(found["deploy"].rights) - set(found["preview"].rights)


def test_a_document_without_marks_is_refused() -> None:
    """It writes nothing where it does not know the place."""
    assert put_in(f"a\n{BEGIN}\nold\n{END}\nb", "new\n") == f"a\n{BEGIN}\n\nnew\n\n{END}\nb"
    with pytest.raises(PreviewRefused, match="has lost its marks"):
        put_in("nothing", "new")
