"""The pages for people. Each says what it is: a stand-in for Auth0, not Auth0."""

import re
import time
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, Response, abort, render_template, request
from markupsafe import Markup, escape

from devtenant.outbox import LINK, newest_first
from devtenant.passwords import strong_enough
from devtenant.roles import roles_of
from devtenant.signing_in import choose_password
from devtenant.state import Tenant
from devtenant.tickets import PASSWORD, digest, find_ticket, use_verification
from devtenant.users import connection_named

RULES = {
    "none": "Any password will do.",
    "low": "At least 6 characters.",
    "fair": "At least 8 characters, with small letters, capitals and digits.",
    "good": "At least 8 characters, with three of: small letters, capitals, digits, others.",
    "excellent": "At least 10 characters, with three of: small letters, capitals, digits, others; "
    "none three times in a row.",
}
VERIFICATION_TEXTS = {
    "verified": "The e-mail is verified.",
    "unknown": "Nobody made this link.",
    "used": "This link was used before.",
    "expired": "This link has expired.",
    "gone": "The account behind this link is gone, or has another e-mail by now.",
}


def pages(tenant: Tenant) -> Blueprint:
    """The blueprint with every HTML page."""
    blueprint = Blueprint("pages", __name__)

    @blueprint.after_request
    def protect(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = (
            "default-src 'none'; style-src 'self'; frame-ancestors 'none'; base-uri 'none'"
        )
        response.headers["Referrer-Policy"] = "no-referrer"
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Cache-Control"] = "no-store"
        return response

    @blueprint.get("/")
    def index() -> str:
        with tenant.lock:
            counts = {
                "users": len(tenant.users.rows),
                "mails": len(tenant.mails.rows),
                "faults": len(tenant.faults.active),
            }
            return render_template("index.html", counts=counts, plan=tenant.settings.plan)

    @blueprint.get("/users")
    def users() -> str:
        with tenant.lock:
            rows = [
                {**user, "roles": ", ".join(role["name"] for role in roles_of(tenant, key))}
                for key, user in tenant.users.rows.items()
            ]
        return render_template("users.html", users=rows)

    @blueprint.get("/outbox")
    def outbox() -> str:
        with tenant.lock:
            return render_template("outbox.html", mails=newest_first(tenant))

    @blueprint.get("/outbox/<key>")
    def mail(key: str) -> str:
        with tenant.lock:
            found = tenant.mails.rows.get(key)
        if found is None:
            abort(404)
        return render_template("mail.html", mail=found, text=with_links(found["text"]))

    @blueprint.get("/buckets")
    def buckets() -> str:
        with tenant.lock:
            now = time.time()
            rows = []
            for name, bucket in tenant.buckets.by_group.items():
                bucket.refill(now)
                rows.append((name, bucket.burst, bucket.per_second, int(bucket.level)))
            calls = sorted(tenant.traffic.calls.items())
            plan = tenant.settings.plan
        return render_template("buckets.html", rows=rows, calls=calls, plan=plan)

    @blueprint.get("/faults")
    def faults() -> str:
        with tenant.lock:
            rows = [fault.shown() for fault in tenant.faults.active]
        return render_template("faults.html", faults=rows)

    add_ticket_pages(blueprint, tenant)
    return blueprint


def add_ticket_pages(blueprint: Blueprint, tenant: Tenant) -> None:
    """Where the links in mails lead."""

    @blueprint.route("/u/reset-password", methods=["GET", "POST"])
    def reset_password() -> tuple[str, int]:
        with tenant.change():
            return password_page(tenant, request.args.get("ticket", ""))

    @blueprint.get("/u/email-verification")
    def email_verification() -> tuple[str, int]:
        with tenant.change():
            outcome, ticket = use_verification(tenant, request.args.get("ticket", ""))
        lines = [VERIFICATION_TEXTS[outcome]]
        if ticket is not None:
            lines.insert(0, f"This link is for {ticket['email']}.")
        return notice("Verify an e-mail", lines, 200 if outcome == "verified" else 410)


def password_page(tenant: Tenant, secret: str) -> tuple[str, int]:
    """Where somebody chooses a password, and what became of it. Callers hold the lock."""
    title = "Choose a password"
    ticket = find_ticket(tenant, PASSWORD, secret)
    user = tenant.users.rows.get(ticket["user_id"]) if ticket else None
    if ticket is None:
        return notice(title, ["Nobody made this link."], 404)
    if ticket["used_at"] is not None:
        return notice(title, ["This link was used before. Ask for a new one."], 410)
    if ticket["expires_at"] <= time.time():
        return notice(title, ["This link has expired. Ask for a new one."], 410)
    if user is None or user["email"] != ticket["email"]:
        text = "The account behind this link is gone, or has another e-mail by now."
        return notice(title, [text], 410)
    policy = policy_of(tenant, user)
    error = ""
    if request.method == "POST":
        password = request.form.get("password", "")
        if password != request.form.get("again", ""):
            error = "The two passwords are not the same."
        elif not strong_enough(password, policy):
            error = "This password is too weak."
        else:
            ticket["used_at"] = time.time()
            tenant.tickets.put(digest(secret), ticket)
            choose_password(tenant, user, password, ticket["mark_email_as_verified"])
            back = way_back(tenant, ticket)
            return render_template("password_chosen.html", email=user["email"], back=back), 200
    page = render_template(
        "choose_password.html", email=user["email"], error=error, rule=RULES[policy]
    )
    return page, 400 if error else 200


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


def with_links(text: str) -> Markup:
    """A mail's text with its http and https addresses as links, all else escaped."""
    parts: list[Any] = []
    position = 0
    for found in re.finditer(LINK, text):
        address = found.group().rstrip(".,;:!?")
        parts.append(escape(text[position : found.start()]))
        parts.append(Markup('<a href="{0}" rel="noreferrer">{0}</a>').format(address))
        position = found.start() + len(address)
    parts.append(escape(text[position:]))
    return Markup("").join(parts)
