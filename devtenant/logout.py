"""Log-out in Auth0's two ways; back to allowed addresses only (facts: the log-in)."""

from flask import Blueprint, Response, make_response, render_template, request

from devtenant.auth import Signer
from devtenant.login_pages import redirect_to
from devtenant.page_headers import add_headers, refuse_other_pages
from devtenant.signing_in import COOKIE
from devtenant.state import Tenant
from devtenant.tenant_log import note

NOT_ALLOWED = "The address to go back to is not in the list of Allowed Logout URLs."


def logout_pages(tenant: Tenant, signer: Signer) -> Blueprint:
    """The blueprint with /v2/logout and /oidc/logout."""
    blueprint = Blueprint("logout", __name__)
    blueprint.before_request(refuse_other_pages)
    blueprint.after_request(add_headers)

    @blueprint.get("/v2/logout")
    def logout() -> Response:
        with tenant.change():
            client_id = request.args.get("client_id")
            return end_session(tenant, request.args.get("returnTo"), client_id)

    @blueprint.route("/oidc/logout", methods=["GET", "POST"])
    def oidc_logout() -> Response:
        with tenant.change():
            hint = hinted_client(signer, request.values.get("id_token_hint"))
            client_id = request.values.get("client_id")
            if hint is None and request.method == "GET":
                # Without a hint anybody's link could do it, so Auth0 asks the person.
                return make_response(render_template("confirm_logout.html"))
            if hint and client_id and hint != client_id:
                return problem("The id token is another application's.")
            back = request.values.get("post_logout_redirect_uri")
            state = request.values.get("state")
            return end_session(tenant, back, hint or client_id, state)

    return blueprint


def hinted_client(signer: Signer, id_token: str | None) -> str | None:
    """The application that an id token of this tenant was made for; expired ones count too."""
    claims = signer.read(id_token or "")
    # An access token has a list here, or an API.
    return claims["aud"] if claims and "sid" in claims else None


def end_session(
    tenant: Tenant, back: str | None, client_id: str | None, state: str | None = None
) -> Response:
    """End the person's session here and go back, to an address the application may use only."""
    session = tenant.logins.pop(request.cookies.get(COOKIE, ""), None)
    user = tenant.users.rows.get(session.user_id) if session else None
    allowed = list(tenant.clients.rows.get(client_id or "", {}).get("allowed_logout_urls", []))
    if back is not None and back not in allowed:
        response = problem(NOT_ALLOWED)
    elif back or allowed:
        response = redirect_to(back or allowed[0], {"state": state} if state else {})
    else:
        lines = ["You are signed out."]
        response = make_response(render_template("notice.html", title="Signed out", lines=lines))
    refused = back is not None and back not in allowed
    if user is not None or refused:
        ip = request.remote_addr or ""
        note(tenant, "flo" if refused else "slo", user, ip=ip, client_id=client_id)
    response.delete_cookie(COOKIE)
    return response


def problem(text: str) -> Response:
    """A page for a log-out that leads nowhere."""
    page = render_template("notice.html", title="This log-out can't go on", lines=[text])
    return make_response(page, 403)
