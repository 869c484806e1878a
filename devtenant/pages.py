"""The pages for whoever runs the stand-in. Each says that it is not Auth0."""

import re
import time
from itertools import islice
from typing import Any

from flask import Blueprint, abort, render_template
from markupsafe import Markup, escape

from devtenant.outbox import LINK, newest_first
from devtenant.page_headers import add_headers
from devtenant.roles import roles_of
from devtenant.state import Tenant
from devtenant.tenant_log import newest

SHOWN = 500  # users
LOGGED = 200  # records of the log


def pages(tenant: Tenant) -> Blueprint:
    """The blueprint with every HTML page."""
    blueprint = Blueprint("pages", __name__)

    blueprint.after_request(add_headers)

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
                for key, user in islice(reversed(tenant.users.rows.items()), SHOWN)
            ]
            more = len(tenant.users.rows) - len(rows)
        return render_template("users.html", users=rows, more=more)

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

    @blueprint.get("/log")
    def log() -> str:
        with tenant.lock:
            records = newest(tenant, lambda record: True, LOGGED)
        return render_template("log.html", records=records)

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

    return blueprint


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
