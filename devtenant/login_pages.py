"""The pages and addresses of the log-in: /authorize, /userinfo, log-out, discovery (facts, 4)."""

import time
from typing import Any
from urllib.parse import urlencode

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2.rfc6749 import OAuth2Error
from flask import Blueprint, Response, jsonify, make_response, redirect, render_template, request

from devtenant.auth import Signer
from devtenant.claims import user_claims
from devtenant.dbconnections import change_password
from devtenant.errors import OAuthError
from devtenant.oidc import SCOPES, issuer
from devtenant.seed import CONNECTION
from devtenant.signing_in import (
    COOKIE,
    Refused,
    begin_session,
    check_password,
    note_login,
    session_user,
)
from devtenant.state import Tenant


def login_pages(tenant: Tenant, signer: Signer, server: AuthorizationServer) -> Blueprint:
    """The blueprint with everything between an application and a signed-in person."""
    blueprint = Blueprint("login", __name__)

    @blueprint.after_request
    def protect(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = (
            "default-src 'none'; style-src 'self'; frame-ancestors 'none'; base-uri 'none'"
        )
        response.headers["Referrer-Policy"] = "no-referrer"
        response.headers["Cache-Control"] = "no-store"
        return response

    @blueprint.route("/authorize", methods=["GET", "POST"])
    def authorize() -> Response:
        with tenant.change():
            return answer_authorize(tenant, server)

    @blueprint.route("/userinfo", methods=["GET", "POST"])
    def userinfo() -> Response:
        with tenant.lock:
            user, scope = user_of_token(tenant)
            if user is None:
                response = jsonify(error="invalid_token", error_description="Unauthorized")
                response.status_code = 401
                response.headers["WWW-Authenticate"] = 'Bearer error="invalid_token"'
                return response
            return jsonify(user_claims(user, scope))

    @blueprint.get("/v2/logout")
    def logout() -> Response:
        with tenant.lock:
            allowed = allowed_logout_urls(tenant, request.args.get("client_id"))
            return end_session(tenant, request.args.get("returnTo"), allowed)

    @blueprint.route("/oidc/logout", methods=["GET", "POST"])
    def oidc_logout() -> Response:
        with tenant.lock:
            hint = hinted_client(signer, request.values.get("id_token_hint"))
            if hint is None and request.method == "GET":
                # Without a hint anybody's link could do it, so Auth0 asks the person.
                return make_response(render_template("confirm_logout.html"))
            client_id = hint or request.values.get("client_id")
            back = request.values.get("post_logout_redirect_uri")
            state = request.values.get("state")
            return end_session(tenant, back, allowed_logout_urls(tenant, client_id), state)

    @blueprint.post("/u/forgot-password")
    def forgot_password() -> tuple[str, int]:
        asked = {"email": request.form.get("email", ""), "connection": CONNECTION}
        try:
            with tenant.change():
                base_url = f"http://{request.host}"
                text = change_password(tenant, asked, request.remote_addr or "", base_url)
        except OAuthError as refusal:
            lines = [str(refusal.body["error_description"])]
            return render_template("notice.html", title="Forgot the password", lines=lines), 400
        return render_template("notice.html", title="Check your mail", lines=[text]), 200

    @blueprint.get("/.well-known/openid-configuration")
    def discovery() -> Response:
        return jsonify(configuration())

    return blueprint


def answer_authorize(tenant: Tenant, server: AuthorizationServer) -> Response:
    """Check what the application asks for, then the person; send the answer back to it.

    Callers hold the lock.
    """
    session_id = request.cookies.get(COOKIE, "")
    user = session_user(tenant, session_id)
    try:
        grant = server.get_consent_grant(end_user=user)
    except OAuth2Error as error:
        if error.redirect_uri:
            return make_response(server.handle_error_response(None, error))
        return problem(error.description or error.error)
    if request.form.get("action") == "cancel":
        return refuse(grant, "access_denied", "User did not authorize the request")
    if request.method == "POST":
        try:
            user = signed_in_now(tenant)
        except Refused as refusal:
            return login_form(tenant, grant, str(refusal), 400)
        session_id = begin_session(tenant, user["user_id"])
    elif user is None or getattr(grant, "prompt", None) == "login":
        return login_form(tenant, grant)
    if user.get("blocked"):
        return refuse(grant, "unauthorized", "user is blocked")
    if request.method == "POST":
        note_login(tenant, user, request.remote_addr or "")
    granted = {**user, "session_id": session_id}
    response = make_response(server.create_authorization_response(grant_user=granted, grant=grant))
    response.set_cookie(COOKIE, session_id, httponly=True, samesite="Lax")
    return response


def signed_in_now(tenant: Tenant) -> dict[str, Any]:
    """The user whose e-mail and password the form holds.

    Raises: Refused.
    """
    email, password = request.form.get("username", ""), request.form.get("password", "")
    return check_password(tenant, CONNECTION, email, password, request.remote_addr or "")


def login_form(tenant: Tenant, grant: Any, error: str = "", status: int = 200) -> Response:
    """The log-in page; it posts to its own address, which holds what the application asked."""
    client = tenant.clients.rows[grant.request.payload.client_id]
    email = request.form.get("username") or request.args.get("login_hint", "")
    page = render_template("login.html", application=client["name"], email=email, error=error)
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


def user_of_token(tenant: Tenant) -> tuple[dict[str, Any] | None, str]:
    """The user and scope of the Bearer token; None for none, a bad one, or a blocked user."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    user_id, scope, ends = tenant.access_tokens.get(token, ("", "", 0.0))
    user = tenant.users.rows.get(user_id)
    good = scheme.lower() == "bearer" and user and not user.get("blocked") and ends > time.time()
    return (user if good else None), scope


def allowed_logout_urls(tenant: Tenant, client_id: str | None) -> list[str]:
    """Where this application may send people after the log-out."""
    client = tenant.clients.rows.get(client_id or "", {})
    return list(client.get("allowed_logout_urls", []))


def hinted_client(signer: Signer, id_token: str | None) -> str | None:
    """The application that an id token of this tenant was made for; expired ones count too."""
    claims = signer.read(id_token or "")
    return str(claims["aud"]) if claims else None


def end_session(
    tenant: Tenant, back: str | None, allowed: list[str], state: str | None = None
) -> Response:
    """End the person's session here and go back, to an allowed address only."""
    tenant.logins.pop(request.cookies.get(COOKIE, ""), None)
    if back is not None and back not in allowed:
        return problem("The address to go back to is not in the list of Allowed Logout URLs.")
    target = back or (allowed[0] if allowed else "")
    if not target:
        page = render_template("notice.html", title="Signed out", lines=["You are signed out."])
        response = make_response(page)
    else:
        response = redirect_to(target, {"state": state} if state else {})
    response.delete_cookie(COOKIE)
    return response


def configuration() -> dict[str, Any]:
    """What /.well-known/openid-configuration says."""
    root = issuer()
    return {
        "issuer": root,
        "authorization_endpoint": f"{root}authorize",
        "token_endpoint": f"{root}oauth/token",
        "userinfo_endpoint": f"{root}userinfo",
        "jwks_uri": f"{root}.well-known/jwks.json",
        "end_session_endpoint": f"{root}oidc/logout",
        "scopes_supported": list(SCOPES),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "client_credentials"],
        "code_challenge_methods_supported": ["S256"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
        "claims_supported": [
            *("aud", "email", "email_verified", "exp", "family_name", "given_name", "iat"),
            *("iss", "name", "nickname", "picture", "sub"),
        ],
    }
