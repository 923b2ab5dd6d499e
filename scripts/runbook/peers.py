"""What the sites must know of each other: taken from their own signed outputs, written to one file, reviewed like code.

No stack reads another's state or store during `up`, so no provider's outage blocks another's deploy.
"""

import json
from collections.abc import Mapping
from typing import Any

from infra.outputs import SiteOutputs, SiteOutputsError
from scripts.runbook.errors import BadSignature, UnusablePeers
from scripts.runbook.signing import Signer, unseal

Peers = dict[str, dict[str, Any]]

CLOSED: Mapping[str, Any] = {"link": {}, "identity": {}, "entries": {}}
"""What remains of a site that is shut out: no tunnel, nobody let in. Where its stores lie is no secret and no right."""


def sign_outputs(outputs: SiteOutputs, signer: Signer) -> bytes:
    """Return a site's outputs in an envelope that its own key signed. Raises UnusablePeers for another site's key."""
    if signer.name != outputs.site:
        raise UnusablePeers(f"The outputs are those of {outputs.site}; {signer.name} cannot sign them.")
    return signer.seal(json.loads(outputs.to_json()))


def read_signed(envelope: bytes, public_keys: Mapping[str, str]) -> SiteOutputs:
    """Return the outputs in an envelope that their own site signed.

    Raises BadSignature for a forged one, UnusablePeers when what is signed are no outputs.
    """
    signer = _claimed(envelope)
    body = unseal(envelope, public_keys, signer)
    try:
        outputs = SiteOutputs.read(body)
    except SiteOutputsError as reason:
        raise UnusablePeers(f"What {signer} signed cannot be used: {reason}") from reason
    if outputs.site != signer:
        raise UnusablePeers(f"{signer} signed outputs of {outputs.site}; a site speaks for itself alone.")
    return outputs


def _claimed(envelope: bytes) -> str:
    try:
        return str(json.loads(envelope)["signer"])
    except (ValueError, KeyError, TypeError, RecursionError) as reason:
        raise BadSignature(f"a file of signed outputs is no signed envelope ({reason})") from reason


def collect(sites: list[SiteOutputs], known: Peers) -> Peers:
    """Return what the peers file must say: the given sites anew, all others as they were.

    Raises UnusablePeers when two speak for one site, or when they do not speak of the same app.
    """
    names = [outputs.site for outputs in sites]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise UnusablePeers(f"There are two files for {', '.join(twice)}; give the newest alone.")
    apps = sorted({outputs.app_url for outputs in sites})
    if len(apps) > 1:
        raise UnusablePeers(f"The sites do not serve the same app: {', '.join(apps)}.")
    return dict(sorted({**known, **{outputs.site: entry_of(outputs) for outputs in sites}}.items()))


def entry_of(outputs: SiteOutputs) -> dict[str, Any]:
    """Return what a site signed of itself, without CI's own ways in: these are nobody else's matter."""
    ways = {peer: dict(found) for peer, found in outputs.entries.items() if peer != "ci"}
    return {**json.loads(outputs.to_json()), "entries": ways}


def shut_out(site: str, known: Peers) -> Peers:
    """Return the peers file in which nobody lets a site in any more. Raises UnusablePeers for one that is not in it."""
    if site not in known:
        raise UnusablePeers(f"The peers file does not know {site}; it knows {', '.join(sorted(known)) or 'nobody'}.")
    return {**known, site: {**known[site], **CLOSED}}


def as_text(peers: Peers) -> str:
    """Return the one form of the file, so that a review shows changes alone."""
    return json.dumps(peers, indent=2, sort_keys=True) + "\n"
