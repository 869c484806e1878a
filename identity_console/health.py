"""Is the console alive, and is it ready: for load balancers and for `make demo`."""

from django.apps import apps
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe


@require_safe
@never_cache
def healthz(request: HttpRequest) -> HttpResponse:
    """The process answers. Anybody may ask; it says nothing else."""
    return HttpResponse("ok\n", content_type="text/plain")


@require_safe
@never_cache
def readyz(request: HttpRequest) -> HttpResponse:
    """The process answers and its database does too. Anybody may ask; no details are given."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return HttpResponse("the database doesn't answer\n", status=503, content_type="text/plain")
    if apps.is_installed("auth0sync"):
        from auth0sync import watch_web  # its tables are there only then

        watch_web.look()
    return HttpResponse("ready\n", content_type="text/plain")
