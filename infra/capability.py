"""What the capabilities of all clouds share: a component type each, their tags, their children's place in the tree."""

from typing import Any

from pulumi import ComponentResource, ResourceOptions

from infra.spec import SiteSpec


class Capability(ComponentResource):
    """Base of each capability; its type is `lifeboat:capability:<class name>`, the same in every cloud."""

    def __init__(self, name: str, spec: SiteSpec, opts: ResourceOptions) -> None:
        kind = type(self).__name__
        super().__init__(f"lifeboat:capability:{kind}", name, {}, opts)
        self.label, self.spec, self.tags = name, spec, spec.tags(kind.lower())

    def child(self, part: str) -> str:
        """Return the logical name of a part; clouds that name things by it add their own random ending."""
        return f"{self.label}-{part}"

    def inside(self, **options: Any) -> ResourceOptions:
        """Return the options of a child: this capability is its parent."""
        return ResourceOptions(parent=self, **options)

    def guarded(self, **options: Any) -> ResourceOptions:
        """Return the options of a child that holds data or the key to data: Pulumi refuses to delete it."""
        return ResourceOptions(parent=self, protect=True, **options)
