"""Every address of the console."""

from django.conf import settings
from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from identity_console.health import healthz, readyz
from identity_console.metrics import metrics

home = (
    path("", include("auth0sync.urls"))  # first: it stands in front of the admin's own log-in
    if "auth0sync" in settings.INSTALLED_APPS
    else path("", RedirectView.as_view(pattern_name="admin:index"))
)

urlpatterns = [
    home,
    path("admin/", admin.site.urls),
    path("", include("employees.urls")),
    path("healthz", healthz),
    path("readyz", readyz),
    path("metrics", metrics),
]
