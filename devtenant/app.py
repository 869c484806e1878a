"""The Flask application: which address is answered by which part."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, Response, jsonify, request

from devtenant import (
    actions,
    clients,
    connections,
    jobs,
    log_streams,
    logs,
    permissions,
    resource_servers,
    roles,
    sessions,
    tenant_settings,
    tickets,
    users,
)
from devtenant.api import answer
from devtenant.auth import Signer, client_credentials
from devtenant.control import control_pages
from devtenant.dbconnections import change_password
from devtenant.discovery import discovery_answers
from devtenant.errors import OAuthError
from devtenant.exchange_log import note_client, note_code
from devtenant.export_files import export_downloads
from devtenant.login_pages import login_pages
from devtenant.logout import logout_pages
from devtenant.oidc import in_auth0s_words, make_server
from devtenant.pages import pages
from devtenant.password_pages import password_pages
from devtenant.state import Tenant

METHODS = ["GET", "POST", "PATCH", "PUT", "DELETE"]
# Importing a module registers its endpoints; naming them keeps the list in one place.
ENDPOINTS = (
    users,
    roles,
    permissions,
    resource_servers,
    connections,
    clients,
    actions,
    tickets,
    jobs,
    logs,
    log_streams,
    sessions,
    tenant_settings,
)


def create_app(tenant: Tenant, signer: Signer) -> Flask:
    """The application for one tenant."""
    app = Flask("devtenant", static_folder="static", template_folder="templates")
    app.json.sort_keys = False  # type: ignore[attr-defined]
    # An audience in a path holds "//", which must reach the endpoint as it was sent.
    app.url_map.merge_slashes = False
    add_management_api(app, tenant, signer)
    add_authentication_api(app, tenant, signer)
    app.register_blueprint(control_pages(tenant, signer))
    app.register_blueprint(export_downloads(tenant))
    app.register_blueprint(pages(tenant))
    app.register_blueprint(password_pages(tenant))
    return app


def sent_path() -> str:
    """The path of the request as it was sent, before any decoding."""
    raw: str = request.environ.get("REQUEST_URI") or request.path
    # A client may send the whole address in the request line.
    return urlsplit(raw).path if raw.startswith("http") else raw.partition("?")[0]


def add_management_api(app: Flask, tenant: Tenant, signer: Signer) -> None:
    """Everything below /api/v2."""

    @app.route("/api/v2/<path:rest>", methods=METHODS)
    def management(rest: str) -> Response:
        reply = answer(
            tenant,
            signer,
            request.method,
            sent_path().removeprefix("/api/v2"),
            request.query_string.decode("latin-1"),
            request.headers.get("Authorization"),
            request.host,
            request.get_data(),
            request.content_type or "",
            request.remote_addr or "",
        )
        response = Response(reply.body, reply.status, reply.headers)
        if reply.body is not None:
            response.content_type = "application/json; charset=utf-8"
        else:
            response.headers.pop("Content-Type", None)
        return response


def add_authentication_api(app: Flask, tenant: Tenant, signer: Signer) -> None:
    """Tokens and forgotten passwords; OpenID Connect in modules of its own."""
    server = make_server(app, tenant, signer)
    for blueprint in (
        login_pages(tenant, server),
        logout_pages(tenant, signer),
        discovery_answers(tenant, signer),
    ):
        app.register_blueprint(blueprint)

    @app.post("/oauth/token")
    def token() -> Response:
        def grant() -> Response:
            fields = sent_fields()
            ip = request.remote_addr or ""
            with tenant.change():
                if fields.get("grant_type") == "authorization_code":
                    code = tenant.codes.get(str(fields.get("code")))
                    response = in_auth0s_words(server.create_token_response())
                    refusal = None if response.status_code == 200 else response.get_json()
                    note_code(tenant, fields, client_of(fields), ip, code, refusal)
                    return response
                try:
                    given = client_credentials(tenant, signer, fields, request.host)
                except OAuthError as error:
                    # Another grant than those two isn't offered: nobody knows its record.
                    if fields.get("grant_type") == "client_credentials":
                        note_client(tenant, fields, ip, error.body)
                    raise
                note_client(tenant, fields, ip, None)
                return jsonify(given)

        response = refusing(grant)
        response.headers["Cache-Control"] = "no-store"
        return response

    @app.post("/dbconnections/change_password")
    def forgotten() -> Response:
        def send() -> Response:
            with tenant.change():
                base_url = f"http://{request.host}"
                ip = request.remote_addr or ""
                text = change_password(tenant, sent_fields(), ip, base_url)
            return Response(text, content_type="text/plain; charset=utf-8")

        return refusing(send)


def client_of(fields: dict[str, Any]) -> str:
    """The client_id that was sent: in a field, or in the header Authorization."""
    header = request.authorization
    return str(fields.get("client_id") or (header.username if header else None) or "")


def sent_fields() -> dict[str, Any]:
    """The fields of a form or of a JSON object.

    Raises: OAuthError 400 for anything else.
    """
    if request.mimetype == "application/json":
        body = request.get_json(silent=True)
        if not isinstance(body, dict):
            raise OAuthError(400, "invalid_request", "The body is no JSON object.")
        return body
    return dict(request.form)


def refusing(work: Callable[[], Response]) -> Response:
    """Turn the refusals of the Authentication API into answers."""
    try:
        return work()
    except OAuthError as refusal:
        response = jsonify(refusal.body)
        response.status_code = refusal.status
        return response
