"""The controls for tests and demonstrations: faults, settings, outbox, state. JSON only."""

from typing import Any

from flask import Blueprint, Response, jsonify, request

from devtenant import seed
from devtenant.auth import Signer
from devtenant.clock import timestamp
from devtenant.control_settings import Refused, apply_control, control_state
from devtenant.crowd import BadCrowd, make_users
from devtenant.faults import BadFault
from devtenant.job_rows import shown
from devtenant.log_crowd import BadLogs, make_logs
from devtenant.origin import from_another_page
from devtenant.outbox import newest_first
from devtenant.roles import roles_of
from devtenant.state import Tenant
from devtenant.tenant_log import forget, note
from devtenant.tickets import verify


def control_pages(tenant: Tenant, signer: Signer) -> Blueprint:
    """The blueprint with every address that begins with ``/_``."""
    blueprint = Blueprint("control", __name__)

    @blueprint.before_request
    def guard() -> Response | None:
        return refuse_strangers()

    @blueprint.errorhandler(Refused)
    @blueprint.errorhandler(BadFault)
    @blueprint.errorhandler(BadCrowd)
    @blueprint.errorhandler(BadLogs)
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

    @blueprint.post("/_logs")
    def add_logs() -> tuple[Response, int]:
        with tenant.change():
            return jsonify(make_logs(tenant, json_object())), 201

    @blueprint.delete("/_logs")
    def clear_logs() -> tuple[str, int]:
        with tenant.change():
            forget(tenant, len(tenant.logs.rows))
        return "", 204

    @blueprint.post("/_reset")
    def reset() -> tuple[str, int]:
        with tenant.change():
            tenant.clear()
            seed.fill(tenant, empty=wants_empty(tenant))
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
            stats = {"loginsCount": count}
            note(tenant, "s", user, client_id="console-login", details={"stats": stats})
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
            note(tenant, "limit_wc", user)
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


def wants_empty(tenant: Tenant) -> bool:
    """Whether a reset is to leave it without roles: as the request says, else the command line.

    Raises: Refused.
    """
    if not request.content_length:
        return tenant.empty
    return bool(json_object().get("empty", tenant.empty))


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
        "actions": list(tenant.actions.rows.values()),
        "bindings": dict(tenant.bindings.rows),
        "tickets": list(tenant.tickets.rows.values()),
        "jobs": [shown(job) for job in tenant.jobs.rows.values()],
        "faults": [fault.shown() for fault in tenant.faults.active],
        "control": control_state(tenant),
        "calls": dict(tenant.traffic.calls),
        "requests": list(tenant.traffic.requests),
    }
