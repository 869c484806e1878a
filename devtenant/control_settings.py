"""What POST /_control can change: limits, delays, scopes, policies, the ways of jobs."""

import re
import time
from dataclasses import asdict
from typing import Any

from devtenant.auth import Signer
from devtenant.buckets import PLANS
from devtenant.log_streams import TooManyStreams, is_loopback, operators_stream
from devtenant.passwords import POLICIES
from devtenant.post_login import roles_claims, write_roles_into
from devtenant.state import Tenant

# The name of a claim: Auth0 drops one below its own domain in silence (facts: the log-in).
NAMESPACED = r"|https?://(?!([^/]*\.)?auth0\.com(/|$))[^\s/]+/\S+"
SECONDS = (
    *("search_delay_s", "latency_s", "export_s", "build_s"),
    *("age_jobs_s", "age_streams_s"),
)
KNOWN = {
    *("plan", "rate", "retry_after_header", "scopes", "expire_tokens", "roles_claim"),
    *("password_policy", "requires_username", "import_users_per_second", "bulk_jobs", *SECONDS),
    *("log_retention_s", "stream"),
}


class Refused(ValueError):
    """A control request that makes no sense; the text says why."""


def apply_control(tenant: Tenant, signer: Signer, wanted: dict[str, Any]) -> None:
    """Change settings; nothing is changed when one key is refused. Callers hold the lock.

    Keys: search_delay_s and latency_s (seconds), retry_after_header, plan, rate ({"burst",
    "per_second"} or null), scopes ({client_id: [...]}), password_policy, requires_username,
    expire_tokens, roles_claim (the claim into which the tenant's own Action writes the roles; "" =
    that Action isn't in the flow), build_s (seconds until an Action is built),
    import_users_per_second, export_s (seconds an export takes), bulk_jobs (false: the plan has
    none), age_jobs_s (makes every job older by so many seconds, once), log_retention_s (seconds
    that the log is kept; null: as the plan says), stream ({"url", "authorization",
    "format"}: the log is sent to this address of this machine), age_streams_s (streams that
    nobody takes have failed for so many seconds longer, once).
    Raises: Refused.
    """
    unknown = sorted(set(wanted) - KNOWN)
    if unknown:
        raise Refused(f"Unknown keys: {', '.join(unknown)}.")
    check_control(tenant, wanted)
    control_streams(tenant, wanted)
    settings = tenant.settings
    if "search_delay_s" in wanted:
        settings.search_delay_s = float(wanted["search_delay_s"])
        tenant.index.hurry(time.time() + settings.search_delay_s)
    if "latency_s" in wanted:
        settings.latency_s = float(wanted["latency_s"])
    control_jobs(tenant, wanted)
    if "log_retention_s" in wanted:
        seconds = wanted["log_retention_s"]
        settings.log_retention_s = None if seconds is None else float(seconds)
    if "retry_after_header" in wanted:
        settings.retry_after_header = bool(wanted["retry_after_header"])
    if "plan" in wanted:
        settings.plan = wanted["plan"]
    if "roles_claim" in wanted:
        write_roles_into(tenant, wanted["roles_claim"])
    if "build_s" in wanted:
        settings.build_s = float(wanted["build_s"])
    if "rate" in wanted:
        rate = wanted["rate"]
        settings.rate = (rate["burst"], rate["per_second"]) if rate else None
    if "plan" in wanted or "rate" in wanted:
        tenant.apply_settings()
    control_setup(tenant, wanted)
    if wanted.get("expire_tokens"):
        signer.expire_all()
    tenant.save_settings()


def control_streams(tenant: Tenant, wanted: dict[str, Any]) -> None:
    """Send the log to one more address, and let failures be older than they are.

    Raises: Refused.
    """
    if "stream" in wanted:
        to = wanted["stream"]
        form = to.get("format", "JSONLINES")
        try:
            operators_stream(tenant, to["url"], to.get("authorization", ""), form)
        except TooManyStreams as error:
            raise Refused(str(error)) from error
    if "age_streams_s" in wanted:
        for row in list(tenant.log_streams.rows.values()):
            if row.get("failing_since") is not None:
                older = row["failing_since"] - float(wanted["age_streams_s"])
                tenant.log_streams.put(row["id"], {**row, "failing_since": older})


def control_jobs(tenant: Tenant, wanted: dict[str, Any]) -> None:
    """Change how jobs go on, and how old they are."""
    settings = tenant.settings
    if "import_users_per_second" in wanted:
        settings.import_users_per_second = float(wanted["import_users_per_second"])
    if "export_s" in wanted:
        settings.export_s = float(wanted["export_s"])
    if "bulk_jobs" in wanted:
        settings.bulk_jobs = bool(wanted["bulk_jobs"])
    if "age_jobs_s" in wanted:
        for job in list(tenant.jobs.rows.values()):
            older = job["made_at"] - float(wanted["age_jobs_s"])
            tenant.jobs.put(job["id"], {**job, "made_at": older})


def control_setup(tenant: Tenant, wanted: dict[str, Any]) -> None:
    """Change grants and the connection."""
    for client_id, scopes in wanted.get("scopes", {}).items():
        for grant in tenant.client_grants.rows.values():
            if grant["client_id"] == client_id and grant["audience"] is None:
                tenant.client_grants.put(grant["id"], {**grant, "scope": list(scopes)})
    for connection in list(tenant.connections.rows.values()):
        options = dict(connection["options"])
        if "password_policy" in wanted:
            options["passwordPolicy"] = wanted["password_policy"]
        if "requires_username" in wanted:
            options["requires_username"] = bool(wanted["requires_username"])
        tenant.connections.put(connection["id"], {**connection, "options": options})


def check_control(tenant: Tenant, wanted: dict[str, Any]) -> None:
    """Refuse values that make no sense.

    Raises: Refused.
    """
    if wanted.get("plan", "free") not in PLANS:
        raise Refused(f"plan must be one of {', '.join(PLANS)}.")
    if wanted.get("password_policy", "good") not in POLICIES:
        raise Refused(f"password_policy must be one of {', '.join(POLICIES)}.")
    rate = wanted.get("rate")
    if rate is not None and (not isinstance(rate, dict) or set(rate) != {"burst", "per_second"}):
        raise Refused('rate must be {"burst": whole number, "per_second": number} or null.')
    for client_id in wanted.get("scopes", {}):
        if client_id not in tenant.clients.rows:
            raise Refused(f"There is no client {client_id}.")
    speed = wanted.get("import_users_per_second", 1)
    if isinstance(speed, bool) or not isinstance(speed, int | float) or speed <= 0:
        raise Refused("import_users_per_second must be a number above 0.")
    for name in SECONDS:
        value = wanted.get(name, 0)
        if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
            raise Refused(f"{name} must be a number of seconds.")
    to = wanted.get("stream", {"url": "http://127.0.0.1/"})
    if not isinstance(to, dict) or not is_loopback(to.get("url")):
        raise Refused('stream must be {"url": an http address of this machine, …}.')
    if to.get("format", "JSONLINES") not in ("JSONARRAY", "JSONLINES", "JSONOBJECT"):
        raise Refused("format must be JSONARRAY, JSONLINES or JSONOBJECT.")
    kept_s = wanted.get("log_retention_s") or 0
    if isinstance(kept_s, bool) or not isinstance(kept_s, int | float) or kept_s < 0:
        raise Refused("log_retention_s must be a number of seconds, or null.")
    if not re.fullmatch(NAMESPACED, str(wanted.get("roles_claim", ""))):
        raise Refused(
            'roles_claim must be an address of your own, such as "https://…/roles", or "".'
        )


def control_state(tenant: Tenant) -> dict[str, Any]:
    """The settings as they are now."""
    settings = asdict(tenant.settings)
    rate = tenant.settings.rate
    settings["rate"] = {"burst": rate[0], "per_second": rate[1]} if rate else None
    scopes = {
        grant["client_id"]: grant["scope"]
        for grant in tenant.client_grants.rows.values()
        if grant["audience"] is None
    }
    options = next(iter(tenant.connections.rows.values()))["options"]
    return {
        **settings,
        "roles_claim": next(iter(roles_claims(tenant, "idToken")), ""),
        "scopes": scopes,
        "password_policy": options.get("passwordPolicy", "good"),
        "requires_username": options.get("requires_username", False),
    }
