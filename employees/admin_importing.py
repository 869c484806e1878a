"""The pages of the import: upload, how the file is read, and the files that are handed out."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from employees.actors import actor_of
from employees.admin_base import number_in
from employees.admin_mass import PAGE, MassChangeAdmin
from employees.importing import results
from employees.importing.cells import NAMES
from employees.importing.columns import COLUMNS
from employees.importing.csv_files import DELIMITERS, ENCODINGS
from employees.importing.forms import ReadingForm, UploadForm
from employees.importing.preparing import NO_NAME
from employees.mass import changes
from employees.mass.models import MassChange

State = MassChange.State
CORRECTED_IN = (State.PREVIEW, State.FAILED)


class ImportPages(MassChangeAdmin):
    """The imports: upload, how a file is read, and what every mass change has."""

    kind = MassChange.Kind.IMPORT

    def get_urls(self) -> list[URLPattern]:
        """Their addresses, before those that would take their names for a key."""
        view, name = self.admin_site.admin_view, "employees_masschange_"
        return [
            path("import/", view(self.upload_view), name=f"{name}import"),
            path("<int:change_id>/reading/", view(self.reading_view), name=f"{name}reading"),
            *(
                path(address.format(form), view(page), {"form": form}, f"{name}{word}_{form}")
                for form in results.FORMATS
                for address, page, word in (
                    ("template.{}", self.template_view, "template"),
                    ("<int:change_id>/to-mend.{}", self.mend_view, "mend"),
                )
            ),
            *super().get_urls(),
        ]

    def upload_view(self, request: HttpRequest) -> HttpResponse:
        """The form; with a file that can be one of people, on to its page."""
        self._refuse(request)
        is_sent = request.method == "POST"
        form = UploadForm(request.POST, request.FILES) if is_sent else UploadForm()
        if is_sent and form.is_valid():
            change = changes.begin(
                MassChange.Kind.IMPORT,
                form.title,
                actor_of(request),
                {"defaults": form.defaults},
                form.cleaned_data["file"].read(),
            )
            return HttpResponseRedirect(reverse(PAGE, args=[change.pk]))
        context = {
            **self.admin_site.each_context(request),
            "title": "Import people",
            "form": form,
            "media": self.media + form.media,
            "columns": COLUMNS,
        }
        return TemplateResponse(request, "admin/mass/import.html", context)

    def template_view(self, request: HttpRequest, form: str) -> HttpResponseBase:
        """An empty list to fill in."""
        self._refuse(request)
        return results.template(form)

    def mend_view(self, request: HttpRequest, change_id: int, form: str) -> HttpResponseBase:
        """The rows with problems, to be mended and loaded again."""
        change = self.found(request, change_id)
        return results.to_mend(change, form)

    def reading_view(self, request: HttpRequest, change_id: int) -> HttpResponse:
        """Have it read once more, as somebody corrected it."""
        change = self.found(request, change_id)
        page = HttpResponseRedirect(reverse(PAGE, args=[change.pk]))
        version = number_in(request.POST.get("version", ""))
        if request.method != "POST" or version is None:
            messages.warning(request, "Nothing was done: press the button again.")
            return page
        form = ReadingForm(request.POST, recognised=change.recognised)
        if not form.is_valid():
            messages.error(request, " ".join(map(str, sum(form.errors.values(), []))))
        elif changes.begin_anew(change.pk, version, {**change.options, "chosen": form.chosen}):
            messages.success(request, "It is being read once more.")
        else:
            messages.warning(
                request, "It has moved on since this page was shown: look at it as it is now."
            )
        return page

    def more_context(self, request: HttpRequest, change: MassChange) -> dict[str, Any]:
        """How the file was read, and what can be corrected of it."""
        context = super().more_context(request, change)
        found = change.recognised
        if "headings" not in found:
            return context
        mapping = set(found["mapping"])
        return {
            **context,
            "reading": ReadingForm(recognised=found) if change.state in CORRECTED_IN else None,
            "encoding": ENCODINGS.get(found.get("encoding", ""), ""),
            "delimiter": DELIMITERS.get(found.get("delimiter", ""), ""),
            "left_out": [
                heading or f"Column {index + 1}"
                for index, (heading, name) in enumerate(
                    zip(found["headings"], found["mapping"], strict=True)
                )
                if not name
            ],
            "needs_name": "" if {"id", "email", "name", *NAMES} & mapping else NO_NAME,
            "order_is_open": found["order_example"] and not found["order_is_sure"],
        }

    def _refuse(self, request: HttpRequest) -> None:
        if not self.has_view_permission(request):
            raise PermissionDenied
