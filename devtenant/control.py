"""The controls for tests and demonstrations: faults, settings, outbox, state. JSON only."""

import re
import time
from dataclasses import asdict
from typing import Any

from flask import Blueprint, Response, jsonify, request

from devtenant import seed
from devtenant.auth import Signer
from devtenant.buckets import PLANS
from devtenant.clock import timestamp
from devtenant.crowd import BadCrowd, make_users
from devtenant.faults import BadFault
from devtenant.job_rows import shown
from devtenant.origin import from_another_page
from devtenant.outbox import newest_first
from devtenant.passwords import POLICIES
from devtenant.roles import roles_of
from devtenant.state import Tenant
from devtenant.tickets import verify

# The name of a claim: Auth0 drops one below its own domain in silence (facts: the log-in).
NAMESPACED = r"|https?://(?!([^/]*\.)?auth0\.com(/|$))[^\s/]+/\S+"


class Refused(ValueError):
    """A control request that makes no sense; the text says why."""


def control_pages(tenant: Tenant, signer: Signer) -> Blueprint:
    """The blueprint with every address that begins with ``/_``."""
    blueprint = Blueprint("control", __name__)

    @blueprint.before_request
    def guard() -> Response | None:
        return refuse_strangers()

    @blueprint.errorhandler(Refused)
    @blueprint.errorhandler(BadFault)
    @blueprint.errorhandler(BadCrowd)
    def refused(error: ValueError) -> tuple[Response, int]:
        return jsonify(error=str(error)), 400

    @blueprint.get("/_faults")
    def list_faults() -> Response:
        with tenant.lock:
            return jsonify(faults=[fault.shown() for fault in tenant.faults.active])

    @blueprint.post("/_faults")
    def add_faults() -> tuple[Response, int]:
        sent = request.get_json()
        with tenant.lock:
            added = [
                tenant.faults.add(spec) for spec in (sent if isinstance(sent, list) else [sent])
            ]
            return jsonify(faults=[fault.shown() for fault in added]), 201

    @blueprint.delete("/_faults")
    def clear_faults() -> tuple[str, int]:
        with tenant.lock:
            tenant.faults.clear()
        return "", 204

    @blueprint.get("/_control")
    def show_control() -> Response:
        with tenant.lock:
            return jsonify(control_state(tenant))

    @blueprint.post("/_control")
    def control() -> Response:
        with tenant.change():
            apply_control(tenant, signer, json_object())
            return jsonify(control_state(tenant))

    @blueprint.get("/_state")
    def state() -> Response:
        with tenant.lock:
            return jsonify(whole_state(tenant))

    @blueprint.get("/_count")
    def count() -> Response:
        with tenant.lock:
            counts = {kind: len(table.rows) for kind, table in tenant.tables.items()}
            return jsonify({**counts, "calls": dict(tenant.traffic.calls)})

    @blueprint.post("/_seed")
    def seed_users() -> tuple[Response, int]:
        with tenant.change():
            made = make_users(tenant, json_object())
            return jsonify(made), 201

    @blueprint.post("/_reset")
    def reset() -> tuple[str, int]:
        with tenant.change():
            tenant.clear()
            seed.fill(tenant)
        return "", 204

    @blueprint.get("/_outbox")
    def outbox() -> Response:
        with tenant.lock:
            return jsonify(messages=newest_first(tenant))

    @blueprint.delete("/_outbox")
    def clear_outbox() -> tuple[str, int]:
        with tenant.change():
            for key in list(tenant.mails.rows):
                tenant.mails.remove(key)
        return "", 204

    add_user_marks(blueprint, tenant)
    return blueprint


def add_user_marks(blueprint: Blueprint, tenant: Tenant) -> None:
    """What a person would do at a log-in page: done for tests."""

    @blueprint.post("/_login")
    def login() -> Response:
        with tenant.change():
            user = named_user(tenant)
            count = user.get("logins_count", 0) + 1
            seen = {"last_login": timestamp(), "last_ip": "127.0.0.1", "logins_count": count}
            tenant.save_user({**user, **seen})
            return jsonify(tenant.users.rows[user["user_id"]])

    @blueprint.post("/_verify")
    def verify_email() -> Response:
        with tenant.change():
            user = named_user(tenant)
            verify(tenant, user)
            return jsonify(tenant.users.rows[user["user_id"]])

    @blueprint.post("/_brute_force")
    def brute_force() -> Response:
        with tenant.change():
            user = named_user(tenant)
            secret = tenant.secrets.rows.get(user["user_id"], {})
            blocked = [{"identifier": user["email"], "ip": "127.0.0.1"}]
            tenant.secrets.put(user["user_id"], {**secret, "blocked_for": blocked})
            return jsonify(blocked_for=blocked)


def refuse_strangers() -> Response | None:
    """Refuse what a web page of somebody else could send, and bodies that are no JSON.

    A browser adds Origin to such requests, and cannot send JSON across origins unasked.
    """
    if request.method in ("GET", "HEAD"):
        return None
    if from_another_page():
        return Response("Requests of other pages are refused.\n", 403, mimetype="text/plain")
    if request.content_length and request.mimetype != "application/json":
        return Response("Send JSON (Content-Type: application/json).\n", 415, mimetype="text/plain")
    return None


def json_object() -> dict[str, Any]:
    """The JSON object of the request.

    Raises: Refused.
    """
    body = request.get_json(silent=True)
    if not isinstance(body, dict):
        raise Refused("Send a JSON object.")
    return body


def named_user(tenant: Tenant) -> dict[str, Any]:
    """The user that the request names by ``user_id``.

    Raises: Refused.
    """
    user: dict[str, Any] | None = tenant.users.rows.get(str(json_object().get("user_id")))
    if user is None:
        raise Refused("There is no user with this user_id.")
    return user


def apply_control(tenant: Tenant, signer: Signer, wanted: dict[str, Any]) -> None:
    """Change settings; nothing is changed when one key is refused. Callers hold the lock.

    Keys: search_delay_s and latency_s (seconds), retry_after_header, plan, rate ({"burst",
    "per_second"} or null), scopes ({client_id: [...]}), password_policy, requires_username,
    expire_tokens, roles_claim (the claim of the roles; "" = no Action that fills it),
    import_users_per_second, export_s (seconds an export takes), bulk_jobs (false: the plan has
    none), age_jobs_s (makes every job older by so many seconds, once).
    Raises: Refused.
    """
    known = {"search_delay_s", "latency_s", "retry_after_header", "plan", "rate", "scopes"}
    known |= {"password_policy", "requires_username", "expire_tokens", "roles_claim"}
    known |= {"import_users_per_second", "export_s", "bulk_jobs", "age_jobs_s"}
    unknown = sorted(set(wanted) - known)
    if unknown:
        raise Refused(f"Unknown keys: {', '.join(unknown)}.")
    check_control(tenant, wanted)
    settings = tenant.settings
    if "search_delay_s" in wanted:
        settings.search_delay_s = float(wanted["search_delay_s"])
        tenant.index.hurry(time.time() + settings.search_delay_s)
    if "latency_s" in wanted:
        settings.latency_s = float(wanted["latency_s"])
    if "retry_after_header" in wanted:
        settings.retry_after_header = bool(wanted["retry_after_header"])
    if "plan" in wanted:
        settings.plan = wanted["plan"]
    if "roles_claim" in wanted:
        settings.roles_claim = wanted["roles_claim"]
    for name in ("import_users_per_second", "export_s"):
        if name in wanted:
            setattr(settings, name, float(wanted[name]))
    if "bulk_jobs" in wanted:
        settings.bulk_jobs = bool(wanted["bulk_jobs"])
    for job in list(tenant.jobs.rows.values()):
        older_s = float(wanted.get("age_jobs_s", 0))
        tenant.jobs.put(job["id"], {**job, "made_at": job["made_at"] - older_s})
    if "rate" in wanted:
        rate = wanted["rate"]
        settings.rate = (rate["burst"], rate["per_second"]) if rate else None
    if "plan" in wanted or "rate" in wanted:
        tenant.apply_settings()
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
    if wanted.get("expire_tokens"):
        signer.expire_all()
    tenant.save_settings()


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
    for name in ("search_delay_s", "latency_s", "export_s", "age_jobs_s"):
        value = wanted.get(name, 0)
        if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
            raise Refused(f"{name} must be a number of seconds.")
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
        "scopes": scopes,
        "password_policy": options.get("passwordPolicy", "good"),
        "requires_username": options.get("requires_username", False),
    }


def whole_state(tenant: Tenant) -> dict[str, Any]:
    """Everything a test may want to compare, without secrets."""
    return {
        "users": [
            {
                **user,
                "roles": [role["name"] for role in roles_of(tenant, user_id)],
                "brute_force_blocked": bool(
                    tenant.secrets.rows.get(user_id, {}).get("blocked_for")
                ),
            }
            for user_id, user in tenant.users.rows.items()
        ],
        "roles": list(tenant.roles.rows.values()),
        "resource_servers": list(tenant.resource_servers.rows.values()),
        "connections": list(tenant.connections.rows.values()),
        "tickets": list(tenant.tickets.rows.values()),
        "jobs": [shown(job) for job in tenant.jobs.rows.values()],
        "faults": [fault.shown() for fault in tenant.faults.active],
        "control": control_state(tenant),
        "calls": dict(tenant.traffic.calls),
        "requests": list(tenant.traffic.requests),
    }
