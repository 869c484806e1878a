"""The log-in and verify, in front of the admin's and the kiosk's, everybody's own page, and where
Auth0 delivers its events."""

from django.contrib import admin
from django.urls import path

from auth0sync import own_page, sign_in_views
from auth0sync.admin_alerts import alerts_page
from auth0sync.admin_health import health_page, health_progress, look_now
from auth0sync.admin_switch import switch_page
from auth0sync.break_glass import local_login
from auth0sync.login import NAME
from auth0sync.verify import verify
from auth0sync.webhook import receive

urlpatterns = [
    path("", own_page.show, name="own_page"),
    path("me/verify/", own_page.verify, name="own_page_verify"),
    path("me/password/", own_page.change_password, name="own_page_password"),
    path("me/sign-out-elsewhere/", own_page.sign_out_everywhere_else, name="own_page_sign_out"),
    path("login/", sign_in_views.login_page, name="login"),
    path(f"login/{NAME}/", sign_in_views.begin, name="login_begin"),
    path(f"complete/{NAME}/", sign_in_views.complete, name="login_complete"),
    path("login/local/", local_login, name="local_login"),
    path("logout/", sign_in_views.sign_out, name="logout"),
    path("admin/auth0/", admin.site.admin_view(switch_page), name="auth0_switch"),
    path("admin/auth0/health/", admin.site.admin_view(health_page), name="auth0_health"),
    path("admin/auth0/health/look/", admin.site.admin_view(look_now), name="auth0_health_look"),
    path(
        "admin/auth0/health/progress/",
        admin.site.admin_view(health_progress),
        name="auth0_health_progress",
    ),
    path("admin/alerts/", admin.site.admin_view(alerts_page), name="auth0_alerts"),
    path("admin/login/", sign_in_views.admin_door),
    path("admin/logout/", sign_in_views.sign_out),
    path("api/employee/verify", verify),
    path("webhooks/auth0", receive),
]
