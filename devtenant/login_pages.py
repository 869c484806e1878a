"""The log-in of a person: /authorize with its page, and the forgotten password.

Source: facts: the log-in.
"""

from typing import Any
from urllib.parse import urlencode

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2.base import OAuth2Error, invalid_error_characters
from flask import Blueprint, Response, make_response, redirect, render_template, request

from devtenant.dbconnections import change_password
from devtenant.errors import OAuthError
from devtenant.page_headers import add_headers, refuse_other_pages
from devtenant.permissions import server_of
from devtenant.seed import CONNECTION
from devtenant.signing_in import (
    COOKIE,
    Refused,
    Session,
    begin_session,
    check_password,
    note_login,
    session_of,
)
from devtenant.state import Tenant
from devtenant.tenant_log import note
from devtenant.users import connection_named


def login_pages(tenant: Tenant, server: AuthorizationServer) -> Blueprint:
    """The blueprint with the pages between an application and a signed-in person."""
    blueprint = Blueprint("login", __name__)
    blueprint.before_request(refuse_other_pages)
    blueprint.after_request(add_headers)

    @blueprint.route("/authorize", methods=["GET", "POST"])
    def authorize() -> Response:
        with tenant.change():
            return answer_authorize(tenant, server)

    @blueprint.get("/u/forgot-password")
    def ask_for_email() -> str:
        return render_template("forgot_password.html", email=request.args.get("login_hint", ""))

    @blueprint.post("/u/forgot-password")
    def forgot_password() -> tuple[str, int]:
        asked = {
            "email": request.form.get("email", "").strip(),
            "connection": CONNECTION,
            "client_id": request.args.get("client_id"),
        }
        try:
            with tenant.change():
                base_url = f"http://{request.host}"
                change_password(tenant, asked, request.remote_addr or "", base_url)
        except OAuthError as refusal:
            said = str(refusal.body["error_description"])
            page = render_template("forgot_password.html", email=asked["email"], error=said)
            return page, refusal.status
        return render_template("mail_sent.html", email=asked["email"]), 200

    return blueprint


def answer_authorize(tenant: Tenant, server: AuthorizationServer) -> Response:
    """Check what the application asks for, then the person; send the answer back to it.

    Callers hold the lock.
    """
    cookie = request.cookies.get(COOKIE, "")
    session = session_of(tenant, cookie)
    max_age = request.args.get("max_age", "")
    if session is not None and session.older_than(int(max_age) if max_age.isdecimal() else None):
        session = None
    for name in ("response_type", "redirect_uri"):
        # Authlib repeats them in its errors, where OAuth allows no such character.
        if invalid_error_characters(request.args.get(name, "")):
            return problem(f"The parameter {name} holds characters that it can't have.")
    try:
        grant = server.get_consent_grant(end_user=session)
    except OAuth2Error as error:
        if error.redirect_uri:
            return make_response(server.handle_error_response(None, error))
        return problem(error.description or error.error)
    objection = objection_to(tenant, session)
    if objection is not None:
        return refuse(grant, *objection)
    if request.method == "POST":
        return answer_form(tenant, server, grant)
    if session is None or "login" in request.args.get("prompt", "").split():
        return login_form(tenant, grant)
    user = tenant.users.rows[session.user_id]
    if user.get("blocked"):
        del tenant.logins[cookie]
        by = {"ip": request.remote_addr or "", "client_id": grant.request.payload.client_id}
        note(tenant, "f", user, **by, description="user is blocked")
        return refuse(grant, "unauthorized", "user is blocked")
    return let_in(server, grant, session, cookie)


def objection_to(tenant: Tenant, session: Session | None) -> tuple[str, str] | None:
    """Error and description for what Authlib lets pass; None when all is well."""
    asked = request.args
    audience = asked.get("audience")
    if audience and server_of(tenant, audience) is None:
        return "access_denied", f"Service not found: {audience}"
    if not asked.get("max_age", "0").isdecimal():
        return "invalid_request", "max_age must be a number of seconds"
    if asked.get("response_mode", "query") != "query":
        return "invalid_request", "This stand-in knows the response mode query alone"
    if asked.get("client_id") not in connection_named(tenant, CONNECTION)["enabled_clients"]:
        return "invalid_request", "no connections enabled for the client"  # believed
    if asked.get("prompt") == "none" and session is None:
        return "login_required", "Login required"
    return None


def answer_form(tenant: Tenant, server: AuthorizationServer, grant: Any) -> Response:
    """What becomes of the log-in page: let in, asked again, blocked, or cancelled."""
    if request.form.get("action") == "cancel":
        return refuse(grant, "access_denied", "User did not authorize the request")
    email, password = request.form.get("username", ""), request.form.get("password", "")
    ip = request.remote_addr or ""
    client_id = str(grant.request.payload.client_id)
    try:
        user = check_password(tenant, CONNECTION, email, password, ip, client_id)
    except Refused as refusal:
        return login_form(tenant, grant, str(refusal), 400)
    if user.get("blocked"):
        note(tenant, "f", user, ip=ip, client_id=client_id, description="user is blocked")
        return refuse(grant, "unauthorized", "user is blocked")
    tenant.logins.pop(request.cookies.get(COOKIE, ""), None)
    note_login(tenant, user, ip, client_id)
    cookie = begin_session(tenant, user["user_id"])
    return let_in(server, grant, tenant.logins[cookie], cookie)


def let_in(server: AuthorizationServer, grant: Any, session: Session, cookie: str) -> Response:
    """Back to the application with a code."""
    response = make_response(server.create_authorization_response(grant_user=session, grant=grant))
    response.set_cookie(COOKIE, cookie, httponly=True, samesite="Lax")
    return response


def login_form(tenant: Tenant, grant: Any, error: str = "", status: int = 200) -> Response:
    """The log-in page; it posts to its own address, which holds what the application asked."""
    client = tenant.clients.rows[grant.request.payload.client_id]
    email = request.form.get("username") or request.args.get("login_hint", "")
    forgot = "/u/forgot-password?" + urlencode({**request.args, "login_hint": email})
    page = render_template(
        "login.html", application=client["name"], email=email, error=error, forgot=forgot
    )
    return make_response(page, status)


def refuse(grant: Any, error: str, description: str) -> Response:
    """Back to the application with an error."""
    payload = grant.request.payload
    back = payload.redirect_uri or grant.client.get_default_redirect_uri()
    sent = {"error": error, "error_description": description}
    if payload.state:
        sent["state"] = payload.state
    return redirect_to(back, sent)


def redirect_to(url: str, parameters: dict[str, str]) -> Response:
    """A redirect with these added to the query."""
    mark = "&" if "?" in url else "?"
    query = urlencode(parameters)
    return make_response(redirect(f"{url}{mark}{query}" if query else url))


def problem(text: str) -> Response:
    """A page for what must not be sent anywhere, such as to a call-back that isn't listed."""
    page = render_template("notice.html", title="This log-in can't go on", lines=[text])
    return make_response(page, 403)
