"""What Pulumi runs: settings -> spec -> Site -> exports. Read this first, then spec.py and topology.py."""

import pulumi

from infra import clouds, config
from infra.topology import Site

spec, secrets = config.read()
site = Site(spec, secrets, clouds.load(spec.cloud))
for name, value in site.outputs.items():
    pulumi.export(name, value)
