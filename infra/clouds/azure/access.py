"""Access: who may enter without a stored key. CI in two roles, and the processes of the other two sites."""

from pulumi import Output, ResourceOptions

from infra.capability import Capability
from infra.clouds.azure.control import Control
from infra.clouds.azure.federation import Door, federate
from infra.clouds.azure.media import Media
from infra.clouds.azure.network import Network
from infra.clouds.azure.roles import allow, built_in
from infra.clouds.azure.service import Service
from infra.identities import AZURE_TOKENS, CI_ISSUER, CI_ROLES, ENTRANTS, STATE, ci_subject
from infra.spec import SiteSpec

READER = "acdd72a7-3385-48ef-bd42-f606fba81ae7"
CONTRIBUTOR = "b24988ac-6180-42a0-ab88-20f7382dd24c"
ACCESS_ADMINISTRATOR = "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9"
BLOB_READER = "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1"
BLOB_CONTRIBUTOR = "ba92f5b4-2d11-453d-a403-e96b0029c9fe"
KEY_DECRYPTER = "12338af0-0e69-4776-bea7-57ae8d297424"
"""Azure's own roles Reader, Contributor, User Access Administrator (which locks need), Storage Blob Data Reader,
Storage Blob Data Contributor and Key Vault Crypto User; their numbers are the same in every subscription."""

IN_SUBSCRIPTION = {"preview": (READER,), "deploy": (CONTRIBUTOR, ACCESS_ADMINISTRATOR)}
IN_STATE = {"preview": (BLOB_READER, KEY_DECRYPTER), "deploy": (BLOB_CONTRIBUTOR, KEY_DECRYPTER)}
"""None of these shows a blob, a secret or a row of the site itself."""


class Access(Capability):
    """`identity` is what the peers must know to let this site in; `entries` is by which way each of them comes in here."""

    def __init__(
        self,
        name: str,
        spec: SiteSpec,
        network: Network,
        media: Media,
        control: Control,
        service: Service,
        opts: ResourceOptions,
    ) -> None:
        super().__init__(name, spec, opts)
        self.place = network.place
        ci = {role: self._ci(role) for role in CI_ROLES}
        doors = {other: {part: Door(self, other, part, self.place) for part in ENTRANTS} for other in spec.others}
        for peer in spec.trusted:
            federate(self, peer, doors[peer.site], service.keeper, media, control)
        issuer = Output.format("https://login.microsoftonline.com/{0}/v2.0", service.tenant)
        self.identity = Output.from_input({"issuer": issuer, "subjects": service.subjects})
        ways = {other: {part: door.entry for part, door in parts.items()} for other, parts in doors.items()}
        self.entries = Output.from_input({**ways, "ci": {**ci, "provider": service.tenant}})
        self.register_outputs({"identity": self.identity, "entries": self.entries})

    def _ci(self, role: str) -> Output[str]:
        door = Door(self, "ci", role, self.place)
        door.let_in(role, CI_ISSUER, ci_subject(self.spec, role), AZURE_TOKENS)
        subscription = f"/subscriptions/{self.spec.account}"
        for number in IN_SUBSCRIPTION[role]:
            allow(self, f"ci-{role}-{number[:8]}", door.identity, built_in(self, number), subscription)
        for number in IN_STATE[role]:
            scope = f"{subscription}/resourceGroups/{STATE}"
            allow(self, f"ci-{role}-state-{number[:8]}", door.identity, built_in(self, number), scope)
        return door.identity.client_id
