"""The forms of a preview: short first, safe in a comment, cut where it must be, the same every time."""

import json
import re
import xml.etree.ElementTree as ElementTree
from dataclasses import replace

import pytest

from scripts.previewing.policy import Policy
from scripts.previewing.render_json import as_json
from scripts.previewing.render_markdown import LIMIT, escape, render_markdown
from scripts.previewing.render_text import render_text
from scripts.previewing.report import Preview, make_preview
from scripts.previewing.svg import draw
from tests.preview.graphs import BUCKET, INSTANCE, TABLE, VPC, graph, resource

BASE = "main (0123456789ab)"


def preview(before_value: str = "a", after_value: str = "b", count: int = 1, name: str = "store") -> Preview:
    """Return a preview in which some protected buckets are replaced and one instance changes."""

    def side(value: str) -> tuple[dict, ...]:
        buckets = [resource(BUCKET, f"{name}-{n}", {"bucket": value}, protect=True) for n in range(count)]
        return (*buckets, resource(INSTANCE, "db", {"unheardOf": value}, protect=True))

    return make_preview(
        {"aws": graph(*side(after_value))}, {"aws": graph(*side(before_value))}, TABLE, BASE, ("A note.",)
    )


def test_a_protected_resource_that_is_replaced_breaks_a_rule() -> None:
    """It breaks the rule for each protected resource that would go, and for no update."""
    assert preview(count=2).broken == tuple(
        f"aws: {BUCKET} store-{n} is protected and would be replaced through bucket." for n in (0, 1)
    )
    assert preview(count=0).broken == ()


def test_a_protected_resource_that_is_deleted_breaks_a_rule() -> None:
    """It breaks the rule for a protected resource that is not there any more."""
    gone = graph(resource(BUCKET, "b", protect=True), resource(VPC, "v"))

    found = make_preview({"aws": graph(resource(VPC, "v"))}, {"aws": gone}, TABLE, BASE)

    assert found.broken == (f"aws: {BUCKET} b is protected and would be deleted.",)


def test_the_first_line_says_the_worst_that_would_happen() -> None:
    """It tells a change that is not known from one that does nothing, and both from one that destroys."""
    said = [render_text(one).splitlines()[0] for one in (preview(), preview(count=0), preview("a", "a"))]

    assert [line.partition(". ")[2].partition(". ")[0] for line in said] == [
        "It would replace 1 and delete 0",
        "It would delete nothing, but of 1 updates it is not known whether they replace",
        "It would change nothing on any site",
    ]


def test_markdown_says_first_what_hurts() -> None:
    """It gives the verdict, the numbers and what would be destroyed before the first fold."""
    text = render_markdown(preview())

    opened = text.partition("<details>")[0]

    assert "**1 rule is broken. It would replace 1 and delete 0.** Compared with main (0123456789ab)." in opened
    assert "| aws | 2 | 1 | 0 | 1 | 0 |" in opened
    assert "every object" in opened
    assert "**Update, or replace: not known**" in opened
    assert "! " + '    bucket: "a" -> "b" [replace]' in text.partition("<details>")[2]


def test_every_fold_is_closed() -> None:
    """It closes each fold and each fence that it opens, also where it had to cut."""
    for text in (render_markdown(preview()), render_markdown(preview(after_value="x" * 300, count=900))):
        assert text.count("<details>") == text.count("</details>") > 0
        assert len(re.findall(r"^```", text, re.M)) % 2 == 0


@pytest.mark.parametrize("count", [1, 200, 3000])
def test_markdown_fits_a_comment_and_says_what_is_left_out(count: int) -> None:
    """It never exceeds the forge's limit, and names what it left out exactly when it did."""
    text = render_markdown(preview(after_value="y" * 350, count=count))

    assert len(text) <= LIMIT
    assert ("**Cut to 65,536 characters:**" in text) == (count > 1)
    assert ("lines of “aws" in text) == (count > 1)


def test_markdown_fits_whatever_stands_in_the_open() -> None:
    """It cuts the part before the folds too, where names and notes are long and made of marks."""
    one = preview(name="|" * 390, count=30)
    text = render_markdown(replace(one, notes=("|" * 390,) * 30, broken=("@" * 390,) * 30))

    assert len(text) <= LIMIT
    assert re.search(r"\*\*Cut to 65,536 characters:\*\* \d+ of \d+ lines before the folds,", text)
    assert text.startswith("### Lifeboat preview")


def test_a_stranger_s_text_cannot_act() -> None:
    """It neither mentions anybody, nor links, nor closes a fold or a fence, whatever a name or a value says."""
    evil = "```\n</details> @everyone https://evil.example <img src=x> [a](b) |"

    text = render_markdown(preview(after_value=evil, name="@team</details>`"))

    outside = re.sub(r"^(`{3,})diff\n.*?^\1$", "", text, flags=re.M | re.S)
    assert "@" not in outside
    assert "evil.example" not in outside
    assert outside.count("</details>") == outside.count("<details>")
    assert "@team" in text.partition("````diff")[2]


def test_escaping_takes_the_meaning_and_keeps_the_text() -> None:
    """It turns what is active into entities, and leaves ordinary words as they are."""
    assert escape("a plain, ordinary (sentence): 3 of 4.") == "a plain, ordinary (sentence): 3 of 4."
    assert escape("a|b\n`c`") == "a&#124;b &#96;c&#96;"
    assert escape("https://x www.y :lock:").count("&#") == 3


def test_text_leaves_nothing_out() -> None:
    """It prints every change in full, however many there are."""
    text = render_text(preview(after_value="z" * 1000, count=300))

    assert text.count("! replace") == 300
    assert "z" * 1000 in text
    assert text.count("BROKEN") == 300


def test_json_is_whole_and_plain() -> None:
    """It holds the verdict, the numbers, the graph and the changes as plain values."""
    found = json.loads(json.dumps(as_json(preview())))

    assert (found["format"], found["base"], len(found["broken"])) == (1, BASE, 1)
    assert found["clouds"]["aws"]["totals"] == {"resources": 2, "replace": 1, "delete": 0, "update": 1, "create": 0}
    assert [one["kind"] for one in found["clouds"]["aws"]["changes"]] == ["replace", "update"]


def test_without_a_base_there_are_no_changes() -> None:
    """It shows graphs and parity alone where nothing is compared, and says how to compare."""
    found = make_preview({"aws": graph(resource(VPC, "v"))}, {}, TABLE)

    assert "give --base" in render_text(found)
    assert "| cloud | resources |\n" in render_markdown(found)
    assert found.changes == {}


def test_every_form_is_the_same_twice() -> None:
    """It writes the same bytes for the same graphs."""
    for form in (render_text, render_markdown, draw, as_json):
        assert form(preview(count=5)) == form(preview(count=5))


def test_the_picture_is_svg_with_a_column_a_cloud() -> None:
    """It draws well-formed SVG in which all sites, capabilities and changes can be read."""
    graphs = {cloud: graph(resource(VPC, "<v>&"), cloud=cloud) for cloud in ("aws", "gcp", "azure")}
    before = dict.fromkeys(graphs)

    root = ElementTree.fromstring(draw(make_preview(graphs, before, TABLE, BASE)))

    words = [element.text or "" for element in root.iter("{http://www.w3.org/2000/svg}text")]
    assert [word for word in words if word in graphs] == ["aws", "gcp", "azure"]
    assert words.count("vault (1)") == 3
    assert words.count("1 × ec2 Vpc   +1") == 3


POLICY = {
    "aws": Policy(
        broken=("database-tls (CKV2_AWS_69): aws: db has rds.force_ssl = 0, not 1 or on.",),
        excepted=(
            "store-tls (CIS 3.1.1): aws: logs answers without TLS. Allowed until 2027-01-31 by operations: A trial.",
        ),
        idle=("aws: nothing breaks store-kept at old any more: take its line out of infra/policy/exceptions.toml.",),
    )
}


def test_a_broken_policy_breaks_the_preview_in_every_form() -> None:
    """It counts, and stands with its rule and number in text, Markdown's open part and JSON; allowed ones do not count."""
    found = make_preview({"aws": graph()}, {}, TABLE, policy=POLICY)

    opened = render_markdown(found).partition("<details>")[0]

    assert found.broken == ("policy: database-tls (CKV2_AWS_69): aws: db has rds.force_ssl = 0, not 1 or on.",)
    assert "**1 rule is broken." in opened
    assert "database-tls (CKV2&#95;AWS&#95;69)" in opened
    assert "nothing breaks store-kept" in opened
    assert "allowed  store-tls (CIS 3.1.1)" in render_markdown(found).partition("<details>")[2]
    assert "allowed  store-tls (CIS 3.1.1)" in render_text(found)
    assert as_json(found)["policy"]["aws"]["broken"] == POLICY["aws"].broken
