"""What a stack and a vault tell an agent in a cloud, taken from the folder of local sites."""

import base64
import json
import os
import sys
from pathlib import Path

from infra.spec import AGENT
from scripts.embedded.layout import RECORD, Layout
from scripts.embedded.supervisor import Program
from scripts.runbook import sites


def environment_of(folder: Path, site: str) -> dict[str, str]:
    """Return what a stack and a vault would tell one site's agent of a platform that lies in a folder."""
    platform = sites.load(folder)
    shared, access = (json.loads((folder / name).read_text()) for name in ("platform.json", "access.json"))
    vendors = [
        {key: value for key, value in one.items() if key not in ("key_secret", "key_file")}
        for one in access["dns_vendors"]
    ]
    tables = {
        "LEASE_TERMS": shared["terms"],
        "SITES": {name: json.loads(one.to_json()) for name, one in platform.outputs.items()},
        "REGISTER_URLS": {},
        "PEER_ENTRIES": {},
        "PUBLIC_KEYS": shared["public_keys"],
        "OPERATORS": shared["operators"],
        "DNS_VENDORS": vendors,
        "DNS_KEYS": {one.name: base64.b64encode(one.key().secret).decode() for one in platform.vendors},
    }
    return {
        "SITE": site,
        "APP_URL": shared["outside_url"],
        "CLUSTER": shared["cluster"],
        "RECORD_NAME": RECORD,
        "TAKEOVER_MODE": shared["mode"],
        "DATABASE_URL": access["agent_urls"][site],
        "REPLICATION_PASSWORD": access["replication_password"],
        "SIGNING_KEY": (folder / "keys" / f"{site}.pem").read_text(),
        **{name: json.dumps(table) for name, table in tables.items()},
    }


def served_agent(layout: Layout, site: str) -> Program:
    """Return a site's agent as the image's command starts it: no folder, its environment alone and room for its journals."""
    told = environment_of(layout.folder, site)
    scratch = layout.site_folder(site) / "scratch"
    scratch.mkdir(exist_ok=True)
    own = {"PATH": os.environ["PATH"], "TMPDIR": str(scratch), "STORE_CREDENTIALS": str(layout.credentials_file)}
    return Program(site, "agent", [sys.executable, "-m", "scripts.cli", "serve", AGENT.name], own | told)
