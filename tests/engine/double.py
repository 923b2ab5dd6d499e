"""A gRPC provider double a cloud, which the real Pulumi engine takes for the provider's plugin.

It speaks Pulumi's provider protocol (sdk/proto/pulumi/provider.proto, shipped with the Python SDK), knows the types of
the installed SDK and no other, and keeps what it created, so that reading and deleting are truthful.
"""

# ruff: noqa: N802 (the methods bear the names of the protocol)

from collections.abc import Callable, Generator, Mapping, Sequence
from concurrent import futures
from contextlib import contextmanager
from typing import Any, TypeVar

import grpc
from google.protobuf import empty_pb2, json_format
from google.protobuf.message import Message
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc
from pulumi.runtime.rpc import UNKNOWN

from tests.engine import invented, sdk
from tests.engine.answers import ANSWERS
from tests.engine.estate import Estate, Forgetful, RefusedError
from tests.engine.facts import Account

Response = TypeVar("Response", bound=Message)
NOTHING: Message = empty_pb2.Empty()  # ty: ignore[missing-attribute]  (protobuf makes its classes at run time)

Replacements = Mapping[str, frozenset[str]]


def told(act: Callable[..., Any]) -> Callable[..., Any]:
    """Turn a refusal of the cloud into the error that Pulumi shows."""

    def answer(self: "ProviderDouble", request: Any, context: grpc.ServicerContext) -> Any:
        try:
            return act(self, request)
        except RefusedError as refusal:
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, str(refusal))

    return answer


class ProviderDouble(provider_pb2_grpc.ResourceProviderServicer):
    """One provider, such as `azure-native`, over the estate of its cloud.

    `replacements` names for a type the properties whose change replaces it; every other change is an update.
    """

    def __init__(self, package: str, replacements: Replacements | None = None) -> None:
        self.package, self.replacements = package, replacements or {}
        self.estate = (Forgetful if package == "random" else Estate)(Account(package))

    def Handshake(self, request: Any, context: grpc.ServicerContext) -> provider_pb2.ProviderHandshakeResponse:
        return provider_pb2.ProviderHandshakeResponse(accept_secrets=True)

    def Attach(self, request: Any, context: grpc.ServicerContext) -> Message:
        return NOTHING

    def GetPluginInfo(self, request: Any, context: grpc.ServicerContext) -> plugin_pb2.PluginInfo:
        return plugin_pb2.PluginInfo(version=sdk.version(self.package))

    def CheckConfig(self, request: Any, context: grpc.ServicerContext) -> provider_pb2.CheckResponse:
        return provider_pb2.CheckResponse(inputs=request.news)

    def DiffConfig(self, request: Any, context: grpc.ServicerContext) -> provider_pb2.DiffResponse:
        return difference(value(request.old_inputs), value(request.news), frozenset())

    def Configure(self, request: Any, context: grpc.ServicerContext) -> provider_pb2.ConfigureResponse:
        self.estate.account.learn(value(request.args))
        return provider_pb2.ConfigureResponse(acceptSecrets=True, supportsPreview=True)

    def Cancel(self, request: Any, context: grpc.ServicerContext) -> Message:
        return NOTHING

    @told
    def Check(self, request: provider_pb2.CheckRequest) -> provider_pb2.CheckResponse:
        self.estate.known(request.type)
        return provider_pb2.CheckResponse(inputs=request.news)

    @told
    def Diff(self, request: provider_pb2.DiffRequest) -> provider_pb2.DiffResponse:
        replacing = self.replacements.get(request.type, frozenset())
        return difference(value(request.old_inputs), value(request.news), replacing)

    @told
    def Create(self, request: provider_pb2.CreateRequest) -> provider_pb2.CreateResponse:
        inputs = value(request.properties)
        if request.preview:
            planned = self.estate.planned(request.type, inputs, UNKNOWN)
            return filled(provider_pb2.CreateResponse(), {"properties": planned})
        identifier, outputs = self.estate.create(request.type, request.urn, inputs)
        return filled(provider_pb2.CreateResponse(), {"id": identifier, "properties": outputs})

    @told
    def Update(self, request: provider_pb2.UpdateRequest) -> provider_pb2.UpdateResponse:
        inputs = value(request.news)
        if request.preview:
            return filled(
                provider_pb2.UpdateResponse(), {"properties": value(request.olds) | invented.answered(inputs)}
            )
        outputs = self.estate.update(request.type, request.id, request.urn, inputs)
        return filled(provider_pb2.UpdateResponse(), {"properties": outputs})

    @told
    def Delete(self, request: provider_pb2.DeleteRequest) -> Message:
        self.estate.delete(request.type, request.id, request.urn)
        return NOTHING

    @told
    def Read(self, request: provider_pb2.ReadRequest) -> provider_pb2.ReadResponse:
        held = self.estate.read(request.type, request.id, request.urn)
        if held is None:
            return provider_pb2.ReadResponse()
        found = {"id": request.id, "properties": held.outputs, "inputs": held.inputs}
        return filled(provider_pb2.ReadResponse(), found)

    @told
    def Invoke(self, request: provider_pb2.InvokeRequest) -> provider_pb2.InvokeResponse:
        if request.tok not in ANSWERS:
            raise RefusedError(
                f"The double of {self.package} has no answer to {request.tok}: add one to tests/engine/answers.py."
            )
        answer = ANSWERS[request.tok](value(request.args), self.estate.account)
        return filled(provider_pb2.InvokeResponse(), {"return": answer})


def difference(old: Mapping[str, Any], new: Mapping[str, Any], replacing: frozenset[str]) -> provider_pb2.DiffResponse:
    """Compare two sets of inputs field by field; `replacing` has paths as infra/replacements.py writes them."""
    changed = sorted(key for key in {*old, *new} if old.get(key) != new.get(key))
    replaced = {path.partition(".")[0] for path in replacing if at(old, path.split(".")) != at(new, path.split("."))}
    kind = provider_pb2.DiffResponse.DIFF_SOME if changed else provider_pb2.DiffResponse.DIFF_NONE
    return provider_pb2.DiffResponse(changes=kind, diffs=changed, replaces=sorted(replaced))


def at(inputs: Any, path: Sequence[str]) -> Any:
    """Return what stands at a path; a list on the way means each of its entries."""
    if not path:
        return inputs
    if isinstance(inputs, list):
        return [at(one, path) for one in inputs]
    return at(inputs.get(path[0]), path[1:]) if isinstance(inputs, Mapping) else None


def value(message: Message) -> dict[str, Any]:
    """Return a message's content as plain Python."""
    return json_format.MessageToDict(message)


def filled(message: Response, content: Mapping[str, Any]) -> Response:
    """Return a message with plain Python as its content."""
    return json_format.ParseDict(dict(content), message)


class Doubles(dict[str, ProviderDouble]):
    """The running doubles by provider; `attach` is the value of PULUMI_DEBUG_PROVIDERS."""

    attach: str = ""


@contextmanager
def running(*packages: str, replacements: Replacements | None = None) -> Generator[Doubles]:
    """Serve one double for each provider on a free loopback port for as long as the block lasts."""
    doubles = Doubles({package: ProviderDouble(package, replacements) for package in packages})
    servers = {package: grpc.server(futures.ThreadPoolExecutor(8)) for package in packages}
    ports = []
    for package, server in servers.items():
        provider_pb2_grpc.add_ResourceProviderServicer_to_server(doubles[package], server)
        ports.append(f"{package}:{server.add_insecure_port('127.0.0.1:0')}")
        server.start()
    doubles.attach = ",".join(ports)
    try:
        yield doubles
    finally:
        for server in servers.values():
            server.stop(None).wait(5)
