"""Costs: meters from a graph, a price only with its source, a sum that says what is missing, and the price APIs."""

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from scripts.console import Console
from scripts.cost import ask_providers, check_choices, make_bills, render
from scripts.costing import refresh as refreshing
from scripts.costing.bill import compare_bills, make_bill
from scripts.costing.meters import METERS, measure
from scripts.costing.prices import FILE, BadPrices, Price, find_price, read_prices, write_prices
from scripts.costing.refresh import Endpoints, refresh
from scripts.previewing.graph import Graph, read_graph
from scripts.previewing.render_text import render_text
from scripts.previewing.report import make_preview
from scripts.runbook.errors import PreviewRefused
from tests.conftest import free_port
from tests.infra.recordings import ROOT, recording
from tests.preview.graphs import graph, resource

KEY = Price("aws key", "key and month", "any", "1.00", "a page", "2026-11-25")
KMS, NAT = "aws:kms/key:Key", "aws:ec2/natGateway:NatGateway"
TODAY = date(2026, 12, 1)


def keys(count: int, *more: dict[str, Any]) -> Graph:
    return graph(*(resource(KMS, f"key-{number}") for number in range(count)), *more)


def test_the_file_names_source_and_day_of_every_line() -> None:
    """It reads our own file, where every line has a source and a day, and no line says two things about one meter."""
    found = read_prices()

    assert len({(one.meter, one.region) for one in found}) == len(found)
    assert all("https://" in one.source for one in found)
    assert {one.meter for one in found if one.amount is not None} == {
        *("aws NAT gateway", "aws VPN connection", "aws alarm", "aws key", "aws load balancer", "aws process CPU"),
        *(
            "aws process memory",
            "aws public address",
            "aws request firewall",
            "aws request firewall rule",
            "aws secret",
        ),
        *("gcp key", "gcp public address", "gcp secret"),
    }


@pytest.mark.parametrize("cloud", ["aws", "gcp", "azure"])
def test_every_meter_of_our_sites_has_a_line(cloud: str) -> None:
    """It has a line, if only one that says that the price is not known, for all that our programs use."""
    found = recording(cloud, joined=True)
    own = read_graph({"cloud": cloud, "resources": list(found.resources), "outputs": found.outputs}, "of a test")

    bill = make_bill(own, read_prices())

    assert [line.use.meter for line in bill.lines if line.price is None] == []
    assert all(line.use.amount > 0 for line in bill.lines)
    assert any("database" in line.use.meter for line in bill.lines)
    assert any("process CPU" in line.use.meter for line in bill.lines)


def test_a_price_that_is_not_known_is_in_no_sum_and_is_said() -> None:
    """It adds up what is known, and says how many meters are missing in it."""
    bill = make_bill(keys(3, resource(NAT, "nat")), [KEY])

    assert bill.known == Decimal("3.00")
    assert bill.unknown == ("aws NAT gateway",)
    assert bill.sentence() == "3.00 USD a month known; 1 of 2 meters have no known price and are NOT in it"
    assert make_bill(keys(2), [KEY]).sentence() == "2.00 USD a month known"


def test_a_change_is_priced_as_far_as_it_is_known() -> None:
    """It tells money from what is not known, and both from nothing."""
    one, two = make_bill(keys(1), [KEY]), make_bill(keys(2, resource(NAT, "nat")), [KEY])

    assert compare_bills(one, two).sentence() == "+1.00 USD a month known; not known: aws NAT gateway +730"
    assert compare_bills(two, one).sentence() == "-1.00 USD a month known; not known: aws NAT gateway -730"
    assert compare_bills(one, one).sentence() == "no change"
    assert compare_bills(None, one).known == Decimal("1.00")


def test_the_preview_shows_what_a_change_costs() -> None:
    """It says, cloud by cloud, what a change does to the bill, and nothing where nothing is compared."""
    text = render_text(make_preview({"aws": keys(2)}, {"aws": keys(1)}, {}, "main"))

    assert "cost of aws: +1.00 USD a month known." in text
    assert "cost of" not in render_text(make_preview({"aws": keys(2)}, {}, {}))


def test_a_line_for_the_region_goes_before_one_for_any() -> None:
    """It takes the region's own price, and one that is known before one that is not."""
    lines = [KEY, Price("aws key", "key and month", "r", "2.00", "a page", "2026-11-25")]

    assert find_price(lines, "aws key", "r") == lines[1]
    assert find_price(lines, "aws key", "elsewhere") == KEY
    assert find_price([*lines[:1], Price("aws key", "u", "r", "not known", "s", "2026-11-25")], "aws key", "r") == KEY
    assert find_price(lines, "aws lock", "r") is None


def test_every_fault_of_a_price_file_is_named_at_once(tmp_path: Path) -> None:
    """It names a missing source, an invented key, a price that is none and a day that is none."""
    file = tmp_path / "prices.json"
    file.write_text(
        json.dumps([{"meter": "m", "unit": "u", "region": "r", "price": "cheap", "read": "soon", "why": 1}, "all"])
    )

    with pytest.raises(BadPrices) as refused:
        read_prices(file)

    assert str(refused.value).splitlines() == [
        "prices.json, price 1: source is missing.",
        "prices.json, price 1: there is no key 'why'.",
        "prices.json, price 1: the price 'cheap' is neither a number in quotes nor 'not known'.",
        "prices.json, price 1: 'soon' is no day (write it as 2026-01-31).",
        "prices.json, price 2: it is no table.",
    ]


def test_a_price_file_is_written_as_it_is_read(tmp_path: Path) -> None:
    """It keeps every line, so that a refresh changes only what was answered."""
    write_prices(reversed(read_prices()), tmp_path / "prices.json")

    assert (tmp_path / "prices.json").read_text() == FILE.read_text()


@pytest.fixture
def answers() -> Iterator[tuple[Endpoints, dict[str, Any], list[str]]]:
    """Give a loopback server in the place of all three price APIs: what it answers by path, and what it was asked."""
    found: dict[str, Any] = {}
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            body = found.get(urlsplit(self.path).path)
            self.send_response(200 if body is not None else 404)
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        def log_message(self, format: str, *arguments: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    url = f"http://127.0.0.1:{server.server_port}"
    yield Endpoints(url, url, url), found, asked
    server.shutdown()
    thread.join()
    server.server_close()


def asked_price(api: str, unit: str = "hour", region: str = "somewhere", **ask: Any) -> Price:
    return Price(f"{api} thing", unit, region, "not known", "a page", "2026-11-25", {"api": api, **ask})


def test_one_price_of_each_provider_is_read(answers: tuple[Endpoints, dict[str, Any], list[str]]) -> None:
    """It reads a price in each provider's form, with today's date and the place that answered as its source."""
    where, found, asked = answers
    found["/api/retail/prices"] = {"Items": [{"retailPrice": 0.25, "unitOfMeasure": "1 Hour"}]}
    found["/offers/v1.0/aws/AmazonRDS/current/somewhere/index.json"] = {
        "products": {
            "A": {"productFamily": "Database Instance", "attributes": {"instanceType": "big"}},
            "B": {"productFamily": "Database Instance", "attributes": {"instanceType": "small"}},
        },
        "terms": {
            "OnDemand": {
                sku: {f"{sku}.1": {"priceDimensions": {"x": _dimension(price)}}}
                for sku, price in (("A", "0.5"), ("B", "9"))
            }
        },
    }
    found["/v1/services"] = {"services": [{"name": "services/1", "displayName": "Cloud SQL"}]}
    found["/v1/services/1/skus"] = {"skus": [_sku("Regional - vCPU", 0, 80_000_000), _sku("Regional - RAM", 7, 0)]}

    told = refresh(
        (
            asked_price("azure", where={"meterName": "vCore"}),
            asked_price(
                "aws", service="AmazonRDS", where={"productFamily": "Database Instance", "instanceType": "big"}
            ),
            asked_price("gcp", "CPU hour", service="Cloud SQL", words="Regional - vCPU"),
        ),
        where,
        "a-key",
        TODAY,
    )

    assert [(one.price.price, one.price.read, one.fault) for one in told] == [
        ("0.25", "2026-12-01", ""),
        ("0.5", "2026-12-01", ""),
        ("0.08", "2026-12-01", ""),
    ]
    assert all(one.price.source.startswith(where.aws) for one in told)
    query = parse_qs(urlsplit(asked[0]).query)
    assert query["$filter"] == ["meterName eq 'vCore' and armRegionName eq 'somewhere' and priceType eq 'Consumption'"]


def _dimension(price: str) -> dict[str, Any]:
    return {"unit": "Hrs", "beginRange": "0", "pricePerUnit": {"USD": price}}


def _sku(words: str, units: int, nanos: int) -> dict[str, Any]:
    rate = {"unitPrice": {"units": str(units), "nanos": nanos}}
    return {
        "description": words,
        "serviceRegions": ["somewhere"],
        "pricingInfo": [{"pricingExpression": {"usageUnit": "h", "tieredRates": [rate]}}],
    }


def test_what_is_not_one_price_stays_not_known(answers: tuple[Endpoints, dict[str, Any], list[str]]) -> None:
    """It keeps a line as it was where two prices fit, the unit is another, nobody answers, or no key is given."""
    where, found, _ = answers
    found["/api/retail/prices"] = {
        "Items": [{"retailPrice": price, "unitOfMeasure": "1 Hour"} for price in (0.25, 0.5)]
    }
    plain = Price("aws firewall", "firewall and month", "r", "not known", "a page", "2026-11-25")
    lines = (
        asked_price("azure", where={}),
        asked_price("aws", service="AmazonRDS", where={}),
        asked_price("gcp", service="Cloud SQL", words="x"),
        plain,
    )

    told = refresh(lines, where, "", TODAY)
    found["/api/retail/prices"] = {"Items": [{"retailPrice": 0.25, "unitOfMeasure": "1/Month"}]}
    other_unit = refresh(lines[:1], where, "", TODAY)

    assert [one.price for one in told] == list(lines)
    assert [one.fault.replace(where.aws, "HOST") for one in (*told, *other_unit)] == [
        "the API knows 2 prices for it, not one",
        "HOST/offers/v1.0/aws/AmazonRDS/current/somewhere/index.json answers 404",
        "the Cloud Billing Catalog API needs a key: set GOOGLE_API_KEY",
        "no price API is asked for it: read a page",
        "the API counts it in 1/month, not by the hour",
    ]


def test_a_list_that_would_fill_the_memory_is_left_alone(
    answers: tuple[Endpoints, dict[str, Any], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It stops reading where a list is too long, and says so."""
    where, found, _ = answers
    found["/api/retail/prices"] = {"Items": [{"retailPrice": 0.25, "unitOfMeasure": "1 Hour"}] * 9}
    monkeypatch.setattr(refreshing, "LARGEST_MIB", 0.0001)

    (told,) = refresh((asked_price("azure", where={}),), where, "", TODAY)

    assert told.price.price == "not known"
    assert told.fault == f"{where.azure}/api/retail/prices holds more than 0.0001 MiB, so look the price up by hand"


def test_who_cannot_be_reached_is_said_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It says of a silent API in one sentence which lines stay as they were, and the file keeps them."""
    file, port = tmp_path / "prices.json", free_port()
    nobody = f"http://127.0.0.1:{port}"
    lines = [replace(asked_price("azure", where={"meterName": name}), meter=f"azure {name}") for name in "ab"]
    write_prices(lines, file)

    ask_providers(file, Console(tmp_path), Endpoints(nobody, nobody, nobody))

    said = capsys.readouterr().err
    assert said.count(f"127.0.0.1:{port} cannot be reached (ConnectError); ") == 1
    assert "azure a (not known), azure b (not known) stay as before." in " ".join(said.split())
    assert read_prices(file) == tuple(lines)


def test_a_larger_capacity_uses_more_of_the_processes_and_no_more_database() -> None:
    """It records the real program in two modes: the service grows, the database is full size in both."""
    bills = make_bills(ROOT, [("aws", "standby"), ("aws", "full")], FILE)
    small, full = ({line.use.meter: line.use.amount for line in one.lines} for one in bills.values())
    text = render(bills)

    assert full["aws process CPU"] > small["aws process CPU"] > 0
    assert {name: amount for name, amount in small.items() if "database" in name} == {
        name: amount for name, amount in full.items() if "database" in name
    }
    assert "have no known price and are NOT in it" in text
    assert "By use, in no sum: traffic" in text


def test_choices_that_do_not_exist_are_all_named() -> None:
    """It names every bad choice at once."""
    with pytest.raises(PreviewRefused) as refused:
        check_choices(["oracle"], ["huge"], "pdf")

    assert str(refused.value).splitlines() == [
        "There is no cloud 'oracle': choose aws, gcp, azure.",
        "There is no capacity mode 'huge': choose standby, warm, full.",
        "There is no format 'pdf': choose text, json.",
    ]


def test_no_meter_counts_a_type_that_no_cloud_has() -> None:
    """It measures a graph without any counted type as nothing."""
    assert measure(graph()) == {}
    assert {kind.partition(":")[0] for kind in METERS} == {"aws", "gcp", "azure-native"}
