"""What the admin pages of every room are made from: the theme's classes, and who may open them."""

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar

from django.contrib import messages
from django.contrib.admin import ShowFacets
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.views.main import PAGE_VAR
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from employees.actors import actor_of, names_of
from employees.counting import CountedPages

if TYPE_CHECKING:  # the theme has no types; its classes are Django's with other templates
    from django.contrib.admin import ModelAdmin as ThemedAdmin
    from django.forms import Select as ThemedSelect
    from django.forms import TextInput as ThemedTextInput

    Pages = ThemedAdmin
else:
    from unfold.admin import ModelAdmin as ThemedAdmin
    from unfold.widgets import UnfoldAdminSelectWidget as ThemedSelect
    from unfold.widgets import UnfoldAdminTextInputWidget as ThemedTextInput

    class Pages:
        """What a mixin for pages is made from; ``Pages[Employee]`` says of whom they are."""

        def __class_getitem__(cls, row):
            return cls


__all__ = [
    "ModelAdmin",
    "NamesActors",
    "Pages",
    "ReadOnly",
    "ThemedAdmin",
    "ThemedSelect",
    "ThemedTextInput",
    "detail_button",
    "kept_nowhere",
    "link_to_person",
    "number_in",
    "only_by_button",
]

LONGEST_NUMBER = 10  # digits of an employee number
_Row = TypeVar("_Row", bound=Model)


def link_to_person(employee_id: int | None) -> str | SafeString:
    """The number, leading to the person's page; "–" for nobody."""
    if employee_id is None:
        return "–"
    page = reverse("admin:employees_employee_change", args=[employee_id])
    return format_html('<a href="{}">{}</a>', page, employee_id)


def detail_button(description: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """A method that the theme shows as a button on the page of a row, and calls as a page."""

    def decorate(method: Callable[..., Any]) -> Callable[..., Any]:
        vars(method).update(short_description=description, attrs={}, variant="default")
        return method

    return decorate


def kept_nowhere(response: HttpResponse) -> HttpResponse:
    """Have no browser keep a page with something secret on it."""
    response["Cache-Control"] = "no-store"
    return response


def only_by_button(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """A view that does something, and is asked by POST only.

    Whoever pressed a button after their session had ended comes by GET, from the log-in. They land
    where the button stands, and read that nothing was done.
    """

    @wraps(view)
    def answered(self: Any, request: HttpRequest, employee_id: int | None = None) -> HttpResponse:
        known = {} if employee_id is None else {"employee_id": employee_id}
        if request.method == "POST":
            return view(self, request, **known)
        messages.warning(request, "Nothing was done: press the button again.")
        page = "changelist" if employee_id is None else "change"
        return HttpResponseRedirect(
            reverse(f"admin:employees_employee_{page}", args=list(known.values()))
        )

    return answered


def number_in(term: str) -> int | None:
    """The employee number that was searched for; None for anything that can't be one."""
    digits = term.strip()
    return int(digits) if digits.isdecimal() and len(digits) <= LONGEST_NUMBER else None


class ForReaders(Pages[_Row]):
    """Pages for those whose role lets them see people; the groups' permissions count as well."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Whether any page of this app is open."""
        return actor_of(request).may_read and super().has_module_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whether the page, or this row, is open."""
        return actor_of(request).may_read and super().has_view_permission(request, obj)

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Only what the page's own filters ask for.

        With ``?notes__startswith=`` somebody could spell out, letter by letter, what a page
        doesn't show them.
        """
        filters = [getattr(item, "parameter_name", item) for item in self.get_list_filter(request)]
        return lookup in {*filters, *(f"{name}__exact" for name in filters)}


class ModelAdmin(ForReaders[_Row], ThemedAdmin[_Row]):
    """The theme's pages, which are Django's, with filters that are chosen and then applied."""

    list_filter_submit = True
    show_full_result_count = False
    show_facets = ShowFacets.NEVER  # counting for every choice would read whole tables

    def get_paginator(
        self, request: HttpRequest, queryset: Any, per_page: int, *args: Any, **kwargs: Any
    ) -> CountedPages:
        """Pages that cost the same however long the list is."""
        further = request.GET.get(PAGE_VAR, "")
        return CountedPages(queryset, per_page, *args, further=further, **kwargs)

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """The list; what its paginator has found already isn't looked for again."""
        changelist = super().get_changelist_instance(request)
        keys = changelist.paginator.all_keys
        if keys is not None:
            changelist.result_list = changelist.queryset.filter(pk__in=keys)
        return changelist

    def response_action(
        self, request: HttpRequest, queryset: QuerySet[_Row], *args: Any, **kwargs: Any
    ) -> HttpResponse | None:
        """Do what was chosen for the ticked rows; a list that no page of ours sent is refused."""
        ticked = request.POST.getlist(ACTION_CHECKBOX_NAME)
        if any(number_in(each) is None for each in ticked):
            text = "Nothing was done: that isn’t a list of rows. Tick them on this page again."
            messages.error(request, text)
            return HttpResponseRedirect(request.get_full_path())
        return super().response_action(request, queryset, *args, **kwargs)


class NamesActors(Pages[_Row]):
    """For a list that says who did something: the names of a page are fetched together."""

    actor_in: Callable[[Any], str]  # who it was in a row, as ``Actor.name``; each list's own

    def actor_name(self, row: _Row) -> str:
        """The name of who it was in a row of the list; that of a program as it is."""
        return str(vars(row).get("actor_name") or self.actor_in(row) or "–")

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """The list, each of whose rows knows the name."""
        changelist = super().get_changelist_instance(request)
        rows = list(changelist.result_list)
        names = names_of({self.actor_in(row) for row in rows})
        for row in rows:
            vars(row)["actor_name"] = names.get(self.actor_in(row))
        changelist.result_list = rows
        return changelist


class ReadOnly(Pages[Any]):
    """Shown, never changed here: the Flask application keeps these tables."""

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """The page, without a way to a history that is always empty."""
        context["show_history"] = False
        return super().render_change_form(request, context, *args, **kwargs)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Never."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Never."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Never."""
        return False
