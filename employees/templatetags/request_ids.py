"""The id of this request, for pages that have no context to take it from, such as 500.html."""

from django import template

from employees import request_ids

register = template.Library()


@register.simple_tag
def request_id() -> str:
    """As in the answer's X-Request-ID and in every log line of the request."""
    return request_ids.current()
