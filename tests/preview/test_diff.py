"""The difference of two graphs: which resources, which fields, and what each change does."""

from typing import Any

import pytest

from scripts.previewing.diff import ASSUMED, IGNORED, NOT_KNOWN, Change, compare
from tests.preview.graphs import BUCKET, INSTANCE, SUBNET, TABLE, VPC, graph, resource


def change_of(before: dict[str, Any], after: dict[str, Any], **more: Any) -> tuple[Change, ...]:
    return compare(
        graph(resource(INSTANCE, "db", before, **more)), graph(resource(INSTANCE, "db", after, **more)), TABLE
    )


def test_nothing_changed_is_nothing() -> None:
    """It finds no change between a graph and itself."""
    assert change_of({"a": {"b": [1]}}, {"a": {"b": [1]}}) == ()


def test_a_cloud_that_is_new_is_created_whole() -> None:
    """It creates every resource where there was no graph before."""
    assert {one.kind for one in compare(None, graph(resource(VPC, "v")), TABLE)} == {"create"}


def test_what_hurts_comes_first() -> None:
    """It sorts replace and delete before update and create."""
    before = graph(resource(BUCKET, "gone"), resource(BUCKET, "other", {"bucket": "a"}), resource(VPC, "v", {"x": 1}))
    after = graph(resource(BUCKET, "new"), resource(BUCKET, "other", {"bucket": "b"}), resource(VPC, "v", {"x": 2}))

    found = compare(before, after, TABLE)

    assert [(one.kind, one.name) for one in found] == [
        ("replace", "other"),
        ("delete", "gone"),
        ("update", "v"),
        ("create", "new"),
    ]
    assert [one.destroys for one in found] == ["every object", "every object", "", ""]


@pytest.mark.parametrize(
    ("before", "after", "kind", "effect"),
    [
        ({"instanceClass": "a"}, {"instanceClass": "b"}, "update", "update"),
        ({"storageEncrypted": False}, {"storageEncrypted": True}, "replace", "replace"),
        ({"storageEncrypted": True}, {}, "replace", "replace"),
        ({"kmsKeyIdentity": "a"}, {"kmsKeyIdentity": "b"}, "update", NOT_KNOWN),
        ({"somethingElse": 1}, {"somethingElse": 2}, "update", NOT_KNOWN),
        ({"identifierPrefix": "a"}, {"identifierPrefix": "b"}, "replace", ASSUMED),
        ({"version": 1}, {"version": 2}, "update", "replace unless it is newer"),
    ],
)
def test_a_field_says_what_its_change_does(
    before: dict[str, Any], after: dict[str, Any], kind: str, effect: str
) -> None:
    """It takes the effect from the table, and guesses nothing that is not listed."""
    (found,) = change_of(before, after)

    assert (found.kind, [field.effect for field in found.fields]) == (kind, [effect])


def test_an_update_that_is_not_known_says_so() -> None:
    """It marks an update that may turn out to be a replace, and no other."""
    (unsure,) = change_of({"somethingElse": 1}, {"somethingElse": 2})
    (sure,) = change_of({"instanceClass": 1}, {"instanceClass": 2})

    assert (unsure.not_known, sure.not_known) == (True, False)


def test_tags_and_ignored_fields_replace_nothing() -> None:
    """It knows that tags change in place, and that the engine leaves an ignored field alone."""
    (tags,) = change_of({"tags": {"a": "1"}}, {"tags": {"a": "2"}}, tagged_by="tags")
    (left,) = change_of({"kmsKeyId": "a"}, {"kmsKeyId": "b"}, ignore_changes=["kmsKeyId"])

    assert [field.effect for field in tags.fields] == ["update"]
    assert (left.kind, [field.effect for field in left.fields]) == ("update", [IGNORED])


def test_a_list_is_compared_by_name() -> None:
    """It shows one new entry of a list, however far the others moved."""
    old = [{"name": "b", "value": 1}, {"name": "c", "value": 2}]

    (found,) = change_of({"flags": old}, {"flags": [{"name": "a", "value": 0}, *old]})

    assert [(field.path, field.before) for field in found.fields] == [
        ("flags[a].name", "‹not set›"),
        ("flags[a].value", "‹not set›"),
    ]


def test_a_replacement_goes_on_to_what_hangs_on_it() -> None:
    """It replaces a subnet because its network is replaced, and the instance whose key comes from the subnet."""

    def network(cidr: str) -> tuple[dict[str, Any], ...]:
        return (
            resource(VPC, "vpc", {"cidrBlock": cidr}),
            resource(SUBNET, "sub", {"vpcId": "vpc-id"}, property_dependencies={"vpcId": [f"{VPC}::vpc"]}),
            resource(
                INSTANCE,
                "db",
                {"kmsKeyId": "sub.key", "instanceClass": "x"},
                property_dependencies={"kmsKeyId": [f"{SUBNET}::sub"]},
                protect=True,
            ),
        )

    found = {one.name: one for one in compare(graph(*network("10.0.0.0/16")), graph(*network("10.1.0.0/16")), TABLE)}

    assert {name: one.kind for name, one in found.items()} == dict.fromkeys(("vpc", "sub", "db"), "replace")
    assert found["db"].fields[0].after == f"comes from {SUBNET}::sub, which is replaced"
    assert (found["db"].protected, found["db"].destroys) == (True, "every row")


def test_protection_is_that_of_the_state() -> None:
    """It takes a replace as protected although the same change takes the protection away."""
    before = graph(resource(BUCKET, "b", {"bucket": "a"}, protect=True))
    after = graph(resource(BUCKET, "b", {"bucket": "b"}, protect=False))

    (found,) = compare(before, after, TABLE)

    assert (found.kind, found.protected) == ("replace", True)
    assert ("(protect)", "True", "False") in {(one.path, one.before, one.after) for one in found.fields}


def test_another_parent_type_is_another_resource() -> None:
    """It deletes and creates what moved below another kind of parent, as the engine would."""
    before = graph(resource(BUCKET, "b"))
    after = graph(resource(BUCKET, "b", parent="lifeboat:capability:Network::lifeboat-network"))

    assert [one.kind for one in compare(before, after, TABLE)] == ["delete", "create"]


@pytest.mark.parametrize("secret_first", [True, False])
def test_a_secret_on_one_side_is_shown_on_neither(secret_first: bool) -> None:
    """It does not print the clear value beside the mark when a field becomes a secret, or stops being one."""
    hidden = resource(INSTANCE, "db", {"word": "[secret]", "x": 1}, secrets=["word"])
    clear = resource(INSTANCE, "db", {"word": "TheSecret", "x": 2})
    pair = (hidden, clear) if secret_first else (clear, hidden)

    found = compare(graph(pair[0]), graph(pair[1]), TABLE)

    assert "TheSecret" not in repr(found)
    assert [field.path for field in found[0].fields] == ["x"]
