"""Where the links in mails lead: choose a password, verify an e-mail (facts: tickets)."""

import time
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, render_template, request

from devtenant.page_headers import add_headers, refuse_other_pages
from devtenant.passwords import RULES, strong_enough
from devtenant.signing_in import choose_password
from devtenant.state import Tenant
from devtenant.tenant_log import note
from devtenant.tickets import PASSWORD, digest, find_ticket, use_verification
from devtenant.users import connection_named

TITLE = "Choose a password"
VERIFICATION_TEXTS = {
    "verified": "The e-mail is verified.",
    "unknown": "Nobody made this link.",
    "used": "This link was used before.",
    "expired": "This link has expired.",
    "gone": "The account behind this link is gone, or has another e-mail by now.",
}


def password_pages(tenant: Tenant) -> Blueprint:
    """The blueprint with the pages behind tickets."""
    blueprint = Blueprint("tickets", __name__)
    blueprint.before_request(refuse_other_pages)
    blueprint.after_request(add_headers)

    @blueprint.route("/u/reset-password", methods=["GET", "POST"])
    def reset_password() -> tuple[str, int]:
        with tenant.change():
            return answer_ticket(tenant, request.args.get("ticket", ""))

    @blueprint.get("/u/email-verification")
    def email_verification() -> tuple[str, int]:
        with tenant.change():
            outcome, ticket = use_verification(tenant, request.args.get("ticket", ""))
            if outcome != "verified":
                text = VERIFICATION_TEXTS[outcome]
                user = tenant.users.rows.get(ticket["user_id"]) if ticket else None
                note(tenant, "fv", user, ip=request.remote_addr or "", description=text)
        lines = [VERIFICATION_TEXTS[outcome]]
        if ticket is not None:
            lines.insert(0, f"This link is for {ticket['email']}.")
        return notice("Verify an e-mail", lines, 200 if outcome == "verified" else 410)

    return blueprint


def answer_ticket(tenant: Tenant, secret: str) -> tuple[str, int]:
    """Where somebody chooses a password, and what became of it. Callers hold the lock."""
    ticket = find_ticket(tenant, PASSWORD, secret)
    user = tenant.users.rows.get(ticket["user_id"]) if ticket else None
    if ticket is None:
        return notice(TITLE, ["Nobody made this link."], 404)
    if ticket["used_at"] is not None:
        return notice(TITLE, ["This link was used before. Ask for a new one."], 410)
    if ticket["expires_at"] <= time.time():
        return notice(TITLE, ["This link has expired. Ask for a new one."], 410)
    if user is None or user["email"] != ticket["email"]:
        return notice(TITLE, [VERIFICATION_TEXTS["gone"]], 410)
    policy = policy_of(tenant, user)
    error = why_not(policy) if request.method == "POST" else ""
    if request.method == "GET" or error:
        if error:
            note(tenant, "fcp", user, ip=request.remote_addr or "", description=error)
        page = render_template(
            "choose_password.html", email=user["email"], error=error, rule=RULES[policy]
        )
        return page, 400 if error else 200
    tenant.tickets.put(digest(secret), {**ticket, "used_at": time.time()})
    choose_password(tenant, user, request.form["password"], ticket["mark_email_as_verified"])
    back = way_back(tenant, ticket)
    return render_template("password_chosen.html", email=user["email"], back=back), 200


def why_not(policy: str) -> str:
    """What is wrong with the form's two passwords; "" for nothing."""
    password = request.form.get("password", "")
    if password != request.form.get("again", ""):
        return "The two passwords are not the same."
    return "" if strong_enough(password, policy) else f"This password is too weak. {RULES[policy]}"


def policy_of(tenant: Tenant, user: dict[str, Any]) -> str:
    """The password policy of this user's connection."""
    connection = connection_named(tenant, user["identities"][0]["connection"])
    return str(connection["options"].get("passwordPolicy", "good"))


def way_back(tenant: Tenant, ticket: dict[str, Any]) -> str:
    """Where the page leads afterwards: the ticket's result_url, or its application; "" for none."""
    client = tenant.clients.rows.get(ticket["client_id"] or "", {})
    callback = urlsplit((client.get("callbacks") or [""])[0])
    origin = f"{callback.scheme}://{callback.netloc}/" if callback.netloc else ""
    return str(ticket["result_url"] or client.get("initiate_login_uri") or origin)


def notice(title: str, lines: list[str], status: int) -> tuple[str, int]:
    """A page of a few plain sentences."""
    return render_template("notice.html", title=title, lines=lines), status
