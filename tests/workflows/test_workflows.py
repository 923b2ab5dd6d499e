"""The workflows: both linters agree, foreign code gets nothing, every action is one commit, and no stranger's text acts."""

import html
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml
from markdown_it import MarkdownIt

from scripts.deploying.identity import identify
from scripts.previewing.render_markdown import render_markdown
from scripts.previewing.untrusted import LIMIT, MARK, WARNING, tame
from scripts.runbook.errors import PlanRefused
from tests.infra.recordings import ROOT
from tests.preview.test_rendering import preview

FILES = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
JOB = "on: push\npermissions: {}\njobs:\n  a:\n"
DEPLOYING = ("deploy", "drift")


def workflow(name: str) -> dict[Any, Any]:
    return yaml.safe_load((ROOT / ".github" / "workflows" / f"{name}.yml").read_text())


def check(*files: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(ROOT / "scripts" / "check-workflows"), *map(str, files)], capture_output=True, text=True, cwd=ROOT
    )


def test_both_linters_agree() -> None:
    """They find nothing in our workflows."""
    done = check()

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    "text",
    [
        f"{JOB}    runs-on: ubuntu-latest\n    steps:\n      - run: echo ${{{{ github.event.issue.title }}}}\n",
        f"{JOB}    runs-on: ubuntu-latest\n    steps:\n      - uses: actions/checkout@v5\n",
        f"{JOB}    needs: nobody\n    runs-on: ubuntu-latest\n    steps:\n      - run: echo\n",
    ],
    ids=["a stranger's text in a script", "an action by its tag", "a job that is not there"],
)
def test_the_linters_see_what_is_wrong(tmp_path: Path, text: str) -> None:
    """They refuse an injection, an action that can change under us, and a job that cannot run."""
    file = tmp_path / "bad.yml"
    file.write_text(text)

    assert check(file).returncode != 0


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_action_is_one_commit(file: Path) -> None:
    """It names each action of others by its full commit, and gives no job more than it says."""
    text = file.read_text()
    used = re.findall(r"uses: (\S+)", text)

    assert all(re.fullmatch(r"actions/[\w-]+@[0-9a-f]{40}", one) for one in used)
    assert text.count("persist-credentials: false") == sum(one.startswith("actions/checkout") for one in used)
    assert workflow(file.stem)["permissions"] in ({}, {"contents": "read"})


def test_the_job_that_runs_foreign_code_has_nothing() -> None:
    """It has neither a secret, nor a right to write, nor an identity."""
    text = (ROOT / ".github" / "workflows" / "preview.yml").read_text()

    # YAML reads the key `on` as true.
    assert list(workflow("preview")[True]) == ["pull_request"]
    assert workflow("preview")["permissions"] == {"contents": "read"}
    assert all("permissions" not in job for job in workflow("preview")["jobs"].values())
    assert not re.search(r"secrets\.|id-token|: write|pull_request_target", text)


def test_the_job_that_may_write_runs_no_foreign_code() -> None:
    """It checks out the default branch alone, and takes from the change nothing but one file."""
    (job,) = workflow("comment")["jobs"].values()
    checkouts = [step["with"]["ref"] for step in job["steps"] if "checkout" in step.get("uses", "")]

    assert checkouts == ["${{ github.event.repository.default_branch }}"]
    assert job["permissions"] == {"actions": "read", "contents": "read", "pull-requests": "write"}
    assert [step["run"].split()[0] for step in job["steps"] if "run" in step] == ["scripts/ci-comment"]


@pytest.mark.parametrize("name", DEPLOYING)
def test_who_deploys_has_an_identity_and_no_key(name: str) -> None:
    """It stores no key, and every job with an identity stands in an environment."""
    text = (ROOT / ".github" / "workflows" / f"{name}.yml").read_text()
    jobs = workflow(name)["jobs"]

    assert "secrets." not in text
    assert all(job["permissions"]["id-token"] == "write" and "environment" in job for job in jobs.values())
    assert {job["environment"] for job in jobs.values()} <= {"${{ matrix.stack }}", "${{ matrix.stack }}-preview"}


def test_a_plan_is_approved_before_it_is_applied() -> None:
    """It plans by the role that reads, and applies that plan in the environment that has reviewers."""
    jobs = workflow("deploy")["jobs"]

    assert jobs["plan"]["environment"] == "${{ matrix.stack }}-preview"
    assert (jobs["apply"]["environment"], jobs["apply"]["needs"]) == ("${{ matrix.stack }}", "plan")


def test_our_own_comment_comes_through_as_it_is() -> None:
    """It changes no character of what the preview itself writes, at any length."""
    for found in (preview(), preview(name="@team_#1|"), preview(after_value="y" * 350, count=3000)):
        written = render_markdown(found)

        assert tame(written) == f"{MARK}\n{WARNING}\n\n{written}"


OURS = re.compile(r"<!-- lifeboat preview -->|</?details>|</?summary>")
CALLS = re.compile(r"[@#]\w|\bGH-\d", re.IGNORECASE)


def acting(text: str) -> list[str]:
    """Return all that CommonMark takes for a link, a picture or foreign HTML, and what the forge then takes for a call."""
    found = []
    for token in MarkdownIt("commonmark").parse(text):
        if token.type in ("inline", "html_block"):
            found += re.findall(r"\w+://|www\.", token.content)
        if token.type == "html_block":
            found += re.findall(r"<[^>]*>?", OURS.sub("", token.content))
            found += CALLS.findall(html.unescape(OURS.sub("", token.content)))
        for part in token.children or ():
            found += [str(part)] if part.type in ("link_open", "image", "html_inline") else []
            found += CALLS.findall(part.content) if part.type == "text" else []
    return found


@pytest.mark.parametrize(
    "evil",
    [
        "@everyone look",
        "&#64;everyone look",
        "&#064;everyone and &commat;team",
        "GH-12 and fixes #12 and &#35;12",
        "[click](https://evil.example)",
        "![x](https://evil.example/x.png)",
        "https://evil.example",
        "<img src=x onerror=y>",
        "</details><script>",
        "<details><summary>a</summary><b>",
        "<details><summary>@everyone https://evil.example</summary>",
        "<!-- hidden",
        "```diff\n````\n@everyone <img src=x>",
        "```diff\n  ```\n@everyone <img src=x>",
        "```diff\n    ```\n```\n@everyone <img src=x>",
        "    ```diff\n@everyone <img src=x>",
        "- a\n  ```diff\n@everyone <img src=x>",
        "<details><summary>a</summary>\n```diff\n<img src=x> @everyone",
        "</details>\n\u00a0\n```diff\n<img src=x> @everyone",
        "```diff\u2028```\n@everyone <img src=x>",
    ],
)
def test_a_stranger_s_file_cannot_act(evil: str) -> None:
    """It mentions nobody, links nowhere, loads, closes and hides nothing, as CommonMark and the forge read it."""
    assert acting(f"fine\n\n{evil}\n") != []
    assert acting(tame(f"fine\n\n{evil}\n")) == []


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    """It reads a file that lies in the artifact, and nothing that a link in it leads to."""
    (tmp_path / "token").write_text("the token")
    (tmp_path / "preview.md").symlink_to(tmp_path / "token")

    refused = subprocess.run(
        [sys.executable, "-m", "scripts.previewing.untrusted", str(tmp_path / "preview.md")],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )

    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr.strip().endswith("preview.md is no file: nothing is posted.")


def test_what_turns_the_order_of_letters_is_taken_out() -> None:
    """It leaves no character that shows a text otherwise than it is written."""
    assert "\u202e" not in tame("\u202egnp.exe")


def test_every_fold_and_fence_is_closed_and_it_fits() -> None:
    """It closes what the file left open, and cuts what is too long, saying so."""
    text = tame("<details><summary>a</summary>\n\n````diff\n" + "x\n" * LIMIT)

    assert len(text) <= LIMIT
    assert text.rstrip().endswith("````\n</details>\n\n**Cut.**")
    assert tame("```diff\n@nobody\n").rstrip().endswith("```")


@pytest.fixture
def token_service() -> Iterator[tuple[str, list[str]]]:
    """Give a loopback token service in GitHub's form, and what it was asked."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(f"{self.path} {self.headers['Authorization']}")
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps({"value": "the.token.itself"}).encode())

        def log_message(self, format: str, *arguments: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/token?api-version=2", asked
    server.shutdown()
    thread.join()
    server.server_close()


def test_ci_s_token_becomes_what_each_provider_reads(tmp_path: Path, token_service: tuple[str, list[str]]) -> None:
    """It asks for a token for each provider's audience, and keeps it in a file that nobody else can read."""
    url, asked = token_service
    ci = {
        "ACTIONS_ID_TOKEN_REQUEST_URL": url,
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "bearer",
        "AWS_ROLE_ARN": "arn:aws:iam::000000000000:role/lifeboat-ci-preview",
        "GCP_PROVIDER": "projects/1/locations/global/workloadIdentityPools/lifeboat-ci/providers/github",
        "GCP_SERVICE_ACCOUNT": "lifeboat-ci-preview@lifeboat-example.iam.gserviceaccount.com",
        "AZURE_CLIENT_ID": "a-client",
        "AZURE_TENANT_ID": "a-tenant",
    }

    found = {stack: identify(stack, ci, tmp_path) for stack in ("aws", "gcp", "azure")}

    token = Path(found["aws"]["AWS_WEB_IDENTITY_TOKEN_FILE"])
    google = json.loads(Path(found["gcp"]["GOOGLE_APPLICATION_CREDENTIALS"]).read_text())
    assert token.read_text() == Path(google["credential_source"]["file"]).read_text() == "the.token.itself"
    assert token.stat().st_mode & 0o777 == 0o600
    assert google["audience"] == f"//iam.googleapis.com/{ci['GCP_PROVIDER']}"
    assert found["azure"]["ARM_CLIENT_ID"] == "a-client"
    assert all(one.endswith(" Bearer bearer") and "api-version=2" in one for one in asked)
    assert [one[:12] for line in asked for one in re.findall(r"audience=([^ &]+)", line)] == [
        "sts.amazonaw",
        "https%3A%2F%",
        "api%3A%2F%2F",
    ]


def test_what_ci_lacks_is_named_at_once(tmp_path: Path) -> None:
    """It names every variable that is missing, a stack that does not exist, and a job without an identity."""
    with pytest.raises(PlanRefused, match="lacks GCP_PROVIDER and GCP_SERVICE_ACCOUNT"):
        identify("gcp", {}, tmp_path)
    with pytest.raises(PlanRefused, match="There is no stack 'prod'"):
        identify("prod", {}, tmp_path)
    with pytest.raises(PlanRefused, match="This job has no identity"):
        identify("aws", {"AWS_ROLE_ARN": "x"}, tmp_path)


def test_the_portable_preview_writes_its_comment_even_when_it_fails(tmp_path: Path) -> None:
    """It ends with 2 where the base does not exist, and the comment says why in a block that cannot be ended."""
    done = subprocess.run(
        [str(ROOT / "scripts" / "ci-preview"), "no-such-base", str(tmp_path / "out")],
        env={**os.environ},
        capture_output=True,
        text=True,
    )

    assert done.returncode == 2, done.stderr
    comment = (tmp_path / "out" / "preview.md").read_text()
    assert "    There is no commit 'no-such-base' here" in comment
    assert "Traceback" not in done.stderr
