"""Where a button stood, so that its page leads back there: a word goes along, never an address."""

from django.http import HttpRequest
from django.urls import reverse

FROM = "from"  # in a form or an address
LISTS = {  # beside the person's own pages
    "cannot-work": "admin:employees_employee_cannot_work",
    "attention": "admin:auth0sync_attention",
    "balance": "admin:auth0sync_balance",
    "joiners": "admin:auth0sync_joiners",
}
PAGES = {  # the person's others
    "steps": "admin:auth0sync_steps",
    "link": "admin:auth0sync_link",
    "three-way": "admin:auth0sync_three_way",
}
PERSON = "admin:employees_employee_change"


def came_from(request: HttpRequest) -> str:
    """The list from which somebody came to this page of a person; "" for anywhere else."""
    origin = request.GET.get(FROM, "")
    return origin if origin in LISTS else ""


def with_origin(url: str, origin: str) -> str:
    """The address of a page that leads back to the list ``origin``; as it is for no list."""
    return f"{url}?{FROM}={origin}" if origin in LISTS else url


def page_of(origin: str, employee_id: int) -> str:
    """The address of the page with this name; the person's own for any other word."""
    if origin in LISTS:
        return reverse(LISTS[origin])
    return reverse(PAGES.get(origin, PERSON), args=[employee_id])
