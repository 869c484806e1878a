"""/metrics, for Prometheus: what was counted since ever, and how things stand now.

The totals come from the database, where all processes and machines add to them, so it doesn't
matter which web process is asked. Nobody's name, number or e-mail is in it. Who may ask, and every
name: docs/monitoring.md.
"""

from collections.abc import Callable, Iterator
from hmac import compare_digest
from importlib import import_module
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from django.conf import settings
from django.db import Error as DatabaseError
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, choose_encoder, generate_latest
from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import CollectorRegistry

from employees import gauges as of_people
from employees.counted import BUCKETS, COUNTERS, TIMES, Counted
from employees.counters import INFINITE, SUM, Labels, totals
from employees.gauges import Gauge
from identity_console.middleware import is_trusted

LOOPBACK = (ip_network("127.0.0.0/8"), ip_network("::1"))
OF_A_PROXY = (
    *("X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Real-IP"),
    *("Forwarded", "Via"),
)
EDGES = [*(f"{edge}" for edge in BUCKETS), INFINITE]
TO_WHOM = (
    "Prometheus gets this with the token (METRICS_TOKEN) or from an allowed address "
    "(METRICS_ALLOWED_ADDRESSES): docs/monitoring.md.\n"
)

Rows = list[tuple[Labels, float]]


@require_safe
@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """Whoever brings the token, or asks from an allowed address; nobody needs a session."""
    if not (_brings_token(request) or _is_allowed(request)):
        return HttpResponse(TO_WHOM, status=403, content_type="text/plain")
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collector())
    encode, content_type = _encoder(request.headers.get("Accept", ""))
    try:
        return HttpResponse(encode(registry), content_type=content_type)
    except DatabaseError:
        text = "The database doesn't answer, so nothing can be told.\n"
        return HttpResponse(text, status=503, content_type="text/plain")


def families() -> Iterator[Metric]:
    """Everything that is told, in the order of its names within each kind."""
    found = totals()
    for name, what in COUNTERS.items():
        yield _counter(name, what, found.get(name, []))
    for timed, what in TIMES.items():
        yield _histogram(f"{timed}_seconds", what, found.get(timed, []))
    for gauge in _gauges():
        yield _gauge(gauge)


class _Collector:
    def collect(self) -> Iterator[Metric]:
        return families()


def _brings_token(request: HttpRequest) -> bool:
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    if not settings.METRICS_TOKEN or kind.lower() != "bearer":
        return False
    return compare_digest(token.strip().encode(), settings.METRICS_TOKEN.encode())


def _is_allowed(request: HttpRequest) -> bool:
    """By the caller's address. A proxy that doesn't say for whom it asks may ask for anybody.

    Nor does one say it that lets through what the caller claims, or writes what is no address: then
    the address is still that of a proxy.
    """
    try:
        address = ip_address(request.META.get("REMOTE_ADDR", ""))
    except ValueError:  # a Unix socket has none
        return False
    if is_trusted(str(address)) and any(name in request.headers for name in OF_A_PROXY):
        return False
    return any(address in network for network in _allowed())


def _allowed() -> tuple[IPv4Network | IPv6Network, ...]:
    """As the settings say; where they say nothing at all, this machine."""
    named: list[IPv4Network | IPv6Network] = settings.METRICS_ALLOWED_ADDRESSES
    return tuple(named) if named or settings.METRICS_TOKEN else LOOPBACK


def _encoder(accept: str) -> tuple[Callable[[CollectorRegistry], bytes], str]:
    """OpenMetrics where the client asks for it, else Prometheus's text."""
    try:
        return choose_encoder(accept)
    except (ValueError, TypeError):  # a version that is none
        return generate_latest, CONTENT_TYPE_PLAIN_0_0_4


def _gauges() -> list[Gauge]:
    found = of_people.gauges()
    if "auth0sync" in settings.INSTALLED_APPS:
        found += import_module("auth0sync.gauges").gauges()
    return found


def _counter(name: str, what: Counted, rows: Rows) -> Metric:
    """Also of what never happened, so that a first time is seen as a rise."""
    labels = list(what.labels)
    family = CounterMetricFamily(name, what.about, labels=labels)
    known = {tuple(found[label] for label in labels): total for found, total in rows}
    for values, total in {**dict.fromkeys(_named(what), 0.0), **known}.items():
        family.add_metric(values, total)
    return family


def _histogram(name: str, what: Counted, rows: Rows) -> Metric:
    labels = list(what.labels)
    family = HistogramMetricFamily(name, what.about, labels=labels)
    fell: dict[tuple[str, ...], dict[str, float]] = {values: {} for values in _named(what)}
    for found, total in rows:
        values = tuple(found[label] for label in labels)
        fell.setdefault(values, {})[found.get("le", SUM)] = total
    for values, parts in fell.items():
        so_far, buckets = 0.0, []
        for edge in EDGES:
            so_far += parts.get(edge, 0.0)
            buckets.append((edge, so_far))
        family.add_metric(values, buckets, parts.get(SUM, 0.0))
    return family


def _gauge(gauge: Gauge) -> Metric:
    samples = list(gauge.samples)
    labels = list(samples[0][0]) if samples else []
    family = GaugeMetricFamily(gauge.name, gauge.about, labels=labels)
    for found, value in samples:
        family.add_metric([found[label] for label in labels], value)
    return family


def _named(what: Counted) -> list[tuple[str, ...]]:
    """Every set of labels that ``counted`` names; none where a label may have any word."""
    found: list[tuple[str, ...]] = [()]
    for values in what.labels.values():
        found = [(*before, value) for before in found for value in values]
    return found
