"""The console's addresses, and the old way's."""

from django.contrib import admin
from django.urls import path

from bench.old_way import add_page
from identity_console.urls import urlpatterns as console

urlpatterns = [path("old-way/add/", admin.site.admin_view(add_page)), *console]
