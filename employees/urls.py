"""The addresses of the shop floor: the kiosk's pages and the JSON contract."""

from django.urls import path

from employees.kiosk import api, help_views, views, web_app

urlpatterns = [
    path("kiosk/", views.start, name="kiosk-start"),
    path("kiosk/pin/", views.pin, name="kiosk-pin"),
    path("kiosk/me/", views.me, name="kiosk-me"),
    path("kiosk/change-pin/", views.own_pin, name="kiosk-change-pin"),
    path("kiosk/enrol/", views.set_up, name="kiosk-enrol"),
    path("kiosk/help/", help_views.choose, name="kiosk-help"),
    path("kiosk/help/<int:employee_id>/", help_views.person, name="kiosk-help-person"),
    path("kiosk/help/<int:employee_id>/new-pin/", help_views.new_pin, name="kiosk-help-new-pin"),
    path("kiosk/help/<int:employee_id>/unlock/", help_views.let_try, name="kiosk-help-unlock"),
    path("kiosk/language/", views.language, name="kiosk-language"),
    path("kiosk/stay/", views.stay, name="kiosk-stay"),
    path("kiosk/sign-out/", views.leave, name="kiosk-sign-out"),
    path("kiosk/idle/", views.idle, name="kiosk-idle"),
    path("kiosk/offline/", web_app.offline, name="kiosk-offline"),
    path("kiosk/service-worker.js", web_app.service_worker, name="kiosk-service-worker"),
    path("kiosk/<path:rest>", views.missing),
    path("api/employee/login", api.login),
    path("api/employee/verify", api.verify),
    path("api/employee/logout", api.logout),
    path("api/employee/change-pin", api.change_own_pin),
    path("api/employee/<path:rest>", api.unknown),
]
