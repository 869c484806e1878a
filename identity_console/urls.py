"""Every address of the console."""

from django.conf import settings
from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from identity_console.health import healthz, readyz

admin.site.site_header = admin.site.site_title = " – ".join(
    filter(None, ["Identity console", settings.ENVIRONMENT_NAME])
)
admin.site.index_title = "People and accounts"

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index")),
    path("admin/", admin.site.urls),
    path("", include("employees.urls")),
    path("healthz", healthz),
    path("readyz", readyz),
]
