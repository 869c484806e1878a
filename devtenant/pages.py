"""The pages for people. Each says what it is: a stand-in for Auth0, not Auth0."""

import re
import time
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, Response, abort, render_template, request
from markupsafe import Markup, escape

from devtenant.outbox import LINK, newest_first
from devtenant.roles import roles_of
from devtenant.state import Tenant
from devtenant.tickets import PASSWORD, find_ticket, use_verification

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
    """Where the links in mails lead. The page that sets a password comes with the log-in."""

    @blueprint.get("/u/reset-password")
    def reset_password() -> tuple[str, int]:
        with tenant.lock:
            ticket = find_ticket(tenant, PASSWORD, request.args.get("ticket", ""))
        if ticket is None:
            return notice("Set a password", ["Nobody made this link."], 404)
        ends = datetime.fromtimestamp(ticket["expires_at"], UTC).strftime("%Y-%m-%d %H:%M UTC")
        expired = ticket["expires_at"] <= time.time()
        lines = [f"This link is for {ticket['email']}."]
        lines.append(f"It {'expired' if expired else 'is valid until'} {ends}.")
        if ticket["used_at"] is not None:
            lines.append("It was used before.")
        lines.append("The page to set a password is not built yet.")
        return notice("Set a password", lines, 410 if expired else 200)

    @blueprint.get("/u/email-verification")
    def email_verification() -> tuple[str, int]:
        with tenant.change():
            outcome, ticket = use_verification(tenant, request.args.get("ticket", ""))
        lines = [VERIFICATION_TEXTS[outcome]]
        if ticket is not None:
            lines.insert(0, f"This link is for {ticket['email']}.")
        return notice("Verify an e-mail", lines, 200 if outcome == "verified" else 410)


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
