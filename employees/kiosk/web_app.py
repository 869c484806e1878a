"""The kiosk as an installed app: its worker, and the page that is shown without network.

The worker keeps that page and its files, which are the same for everybody: nothing here reads a
cookie, or says ``no-store``, or has anything to do with a person.
Source: https://www.w3.org/TR/service-workers/
"""

import hashlib
import json
from functools import cache
from pathlib import Path

from django.contrib.staticfiles import finders
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.urls import reverse
from django.views.decorators.http import require_safe

from employees.kiosk.texts import DEFAULT, TEXTS

FILES = ("favicon.svg", "kiosk/kiosk.css", "kiosk/offline.js")  # what the page needs


@require_safe
def offline(request: HttpRequest) -> HttpResponse:
    """There is no network, in every language. Anybody may see it; asked for without network, too,
    to find out whether there is one again."""
    response = HttpResponse(_offline_page(_version()))
    response["Cache-Control"] = "no-cache"
    return response


@require_safe
def service_worker(request: HttpRequest) -> HttpResponse:
    """The worker, for anybody. A change of any file that it keeps makes it another one."""
    version = _version()
    address = reverse("kiosk-offline")
    kept = [address, *(f"{static(name)}?{version}" for name in FILES)]
    script = render_to_string(
        "kiosk/service-worker.js",
        {"version": version, "offline": address, "kept": json.dumps(kept)},
    )
    response = HttpResponse(script, content_type="text/javascript")
    response["Cache-Control"] = "no-cache"
    return response


@cache
def _version() -> str:
    """Changes with the page and the files it needs; for as long as the process lives."""
    digest = hashlib.sha256(_offline_page("").encode())
    for name in FILES:
        # The sources, which are there also where nothing has been collected yet.
        digest.update(Path(str(finders.find(name))).read_bytes())
    return digest.hexdigest()[:12]


def _offline_page(version: str) -> str:
    context = {"texts": TEXTS, "default": DEFAULT, "default_texts": TEXTS[DEFAULT]}
    return render_to_string("kiosk/offline.html", {**context, "version": version})
