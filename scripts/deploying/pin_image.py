"""`python -m scripts.deploying.pin_image REGISTRY/NAME:TAG`: write down which image a tag is today.

Protocol: the OCI Distribution Specification, "Pulling manifests", with the token exchange that registries name in
WWW-Authenticate (distribution.github.io, "Token Authentication Specification"). A digest is written only if the registry
gave it and the manifest that it sent has it.
"""

import hashlib
import re
import sys
from dataclasses import dataclass
from pathlib import Path

import httpx

from scripts.runbook.errors import UsageError

FILE = Path(__file__).parents[2] / "base-image.txt"
SECONDS = 30.0
ACCEPTED = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
_IMAGE = re.compile(r"(?P<registry>[\w.-]+(?::\d+)?)/(?P<name>[a-z0-9._/-]+):(?P<tag>[\w][\w.-]{0,127})")


class NotPinned(UsageError):
    """The image is not pinned: it is named badly, or its registry does not say what it is."""


@dataclass(frozen=True)
class Image:
    """An image by its tag."""

    registry: str
    name: str
    tag: str

    def __str__(self) -> str:
        return f"{self.registry}/{self.name}:{self.tag}"


def read_image(text: str) -> Image:
    """Read REGISTRY/NAME:TAG. Raises NotPinned."""
    found = _IMAGE.fullmatch(text)
    if not found or ("." not in found["registry"] and ":" not in found["registry"]):
        raise NotPinned(f"{text!r} is no image: write REGISTRY/NAME:TAG, the registry with its domain.")
    return Image(**found.groupdict())


def find_digest(image: Image, scheme: str = "https") -> str:
    """Ask the registry which digest the tag has today. Raises NotPinned."""
    url = f"{scheme}://{image.registry}/v2/{image.name}/manifests/{image.tag}"
    try:
        with httpx.Client(timeout=SECONDS, headers={"Accept": ", ".join(ACCEPTED)}, follow_redirects=True) as client:
            answer = client.get(url)
            if answer.status_code == httpx.codes.UNAUTHORIZED:
                answer = client.get(url, headers={"Authorization": f"Bearer {_token(client, answer)}"})
            answer.raise_for_status()
    except httpx.HTTPStatusError as error:
        raise NotPinned(f"{image.registry} answers {error.response.status_code} for {image}.") from error
    except (httpx.HTTPError, ValueError, KeyError) as error:
        raise NotPinned(f"{image.registry} does not answer for {image} ({type(error).__name__}).") from error
    made = f"sha256:{hashlib.sha256(answer.content).hexdigest()}"
    if answer.headers.get("Docker-Content-Digest", made) != made:
        raise NotPinned(f"{image.registry} sent a manifest of {image} that has not the digest it named.")
    return made


def _token(client: httpx.Client, answer: httpx.Response) -> str:
    told = dict(re.findall(r'(\w+)="([^"]*)"', answer.headers.get("WWW-Authenticate", "")))
    query = {name: told[name] for name in ("service", "scope") if name in told}
    found = client.get(told["realm"], params=query)
    found.raise_for_status()
    return str(found.json().get("token") or found.json()["access_token"])


def pin(text: str, file: Path = FILE, scheme: str = "https") -> str:
    """Write an image with its digest into a file, and return the line. Raises NotPinned and writes nothing."""
    image = read_image(text)
    line = f"{image}@{find_digest(image, scheme)}"
    file.write_text(f"{line}\n")
    return line


def main() -> None:
    """Pin one image; a refusal is one sentence and the exit code 2."""
    try:
        print(pin(sys.argv[1] if len(sys.argv) > 1 else ""))
    except NotPinned as refusal:
        print(refusal, file=sys.stderr)
        sys.exit(refusal.exit_code)


if __name__ == "__main__":
    main()
