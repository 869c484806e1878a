"""PINs in the admin: a random one, a typed one, none, and slips for many.

A new PIN stands in the answer to the one request that made it, as a page or a slip, and nowhere
else: not in a message, the session, an address or a file. Sending that request again makes no other
PIN, since it names the PIN that it was meant to replace.
"""

from collections import Counter
from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.views.decorators.debug import sensitive_post_parameters

from employees.actors import actor_of, visible_to
from employees.admin_base import ModelAdmin, detail_button, kept_nowhere, number_in
from employees.errors import EmployeesError, InvalidValue
from employees.lockout import kiosk_door, waiting
from employees.models import Employee, Kiosk
from employees.pin_services import (
    NewPin,
    has_pin,
    markers,
    remove_pin,
    set_pin,
    set_random_pin,
    set_random_pins,
    unlock,
    why_no_pin,
)
from employees.zones import moment

SLIPS_AT_ONCE = 100  # people; each PIN takes some 60 ms to hash
# Three links, not a menu of the theme: that can't be opened with the keyboard.
PIN_BUTTONS = ("random_pin", "type_pin", "remove_pin", "unlock_pin")
SLIPS_ACTION = "random_pins_with_slips"

if TYPE_CHECKING:
    Base = ModelAdmin[Employee]
else:
    Base = object


class TypedPinForm(forms.Form):
    """A PIN, typed twice."""

    pin = forms.CharField(label="New PIN")
    again = forms.CharField(label="New PIN once more")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.widget = forms.PasswordInput(
                attrs={"inputmode": "numeric", "autocomplete": "one-time-code", "maxlength": "6"}
            )

    def clean(self) -> dict[str, Any]:
        """Both must be the same."""
        cleaned = super().clean() or {}
        if cleaned.get("pin") and cleaned.get("again") and cleaned["pin"] != cleaned["again"]:
            self.add_error("again", "The two PINs differ.")
        return cleaned


class PinActions(Base):
    """What the employee admin can do with PINs; goes into its bases, before ``ModelAdmin``.

    An admin with further buttons or actions of its own names PIN_BUTTONS and SLIPS_ACTION in its
    ``actions_detail`` and ``actions``.
    """

    actions_detail: ClassVar[Any] = PIN_BUTTONS

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        """The buttons; those about PINs only for whoever may change people at all."""
        buttons: list[Any] = super().get_actions_detail(request, object_id)  # type: ignore[misc]
        hidden = [] if waiting(number_in(str(object_id)) or 0) else ["unlock_pin"]
        if not self.has_change_permission(request):
            hidden = list(PIN_BUTTONS)
        ours = tuple(f"_{name}" for name in hidden)
        return [button for button in buttons if not button.action_name.endswith(ours)]

    @detail_button("Set a random PIN")
    def random_pin(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask first; then the PIN, on the page or as a slip, this once."""
        employee = self._person(request, object_id)
        if request.method != "POST":
            return self._ask(request, employee, "random")
        try:
            made = set_random_pin(employee.pk, actor_of(request), request.POST.get("seen", ""))
        except EmployeesError as error:
            return self._back_to_person(request, employee, str(error), messages.ERROR)
        if request.POST.get("as") == "slip":
            return _pdf([made], request.POST.get("paper", ""))
        page = self._page(request, employee, "New PIN") | {"pin": made.pin}
        return kept_nowhere(TemplateResponse(request, "admin/pins/shown.html", page))

    @detail_button("Type a PIN")
    @method_decorator(sensitive_post_parameters("pin", "again"))
    def type_pin(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """A PIN that somebody has chosen."""
        employee = self._person(request, object_id)
        form = TypedPinForm(request.POST if request.method == "POST" else None)
        if form.is_valid():
            seen = request.POST.get("seen", "")
            try:
                set_pin(employee.pk, form.cleaned_data["pin"], actor_of(request), seen)
            except InvalidValue as error:
                form.add_error("pin", error.reason)
            except EmployeesError as error:
                return self._back_to_person(request, employee, str(error), messages.ERROR)
            else:
                return self._back_to_person(
                    request, employee, f"The PIN of {employee.name} is set."
                )
        return self._ask(request, employee, "type", form=form)

    @detail_button("Remove the PIN")
    def remove_pin(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Nobody signs in as this person with a PIN any more."""
        employee = self._person(request, object_id)
        if request.method != "POST":
            return self._ask(request, employee, "remove")
        try:
            remove_pin(employee.pk, actor_of(request), request.POST.get("seen", ""))
        except EmployeesError as error:
            return self._back_to_person(request, employee, str(error), messages.ERROR)
        return self._back_to_person(request, employee, f"{employee.name} has no PIN any more.")

    @detail_button("Let them try their PIN again")
    def unlock_pin(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Nobody has to wait any more who typed too many wrong PINs; the PIN stays."""
        employee = self._person(request, object_id)
        if request.method != "POST":
            return self._ask(request, employee, "unlock", doors=_doors(employee.pk))
        try:
            unlock(employee.pk, actor_of(request))
        except EmployeesError as error:
            return self._back_to_person(request, employee, str(error), messages.ERROR)
        return self._back_to_person(request, employee, f"{employee.name} may try again at once.")

    @admin.action(description="New random PINs with slips (PDF)", permissions=["change"])
    def random_pins_with_slips(
        self, request: HttpRequest, people: QuerySet[Employee]
    ) -> HttpResponse | None:
        """Say whom it touches and whom not; then a PDF with the slips, this once."""
        actor = actor_of(request)
        chosen = list(people.order_by("name", "pk")[: SLIPS_AT_ONCE + 1])
        if len(chosen) > SLIPS_AT_ONCE:
            text = f"At most {SLIPS_AT_ONCE} people at a time: choose fewer."
            self.message_user(request, text, messages.ERROR)
            return None
        reasons = {person.pk: why_no_pin(person, actor) for person in chosen}
        able = [person for person in chosen if not reasons[person.pk]]
        if "confirmed" not in request.POST:
            return self._ask_for_many(request, chosen, able, reasons)
        seen = {
            person.pk: request.POST[f"seen_{person.pk}"]
            for person in able
            if f"seen_{person.pk}" in request.POST
        }
        made, skipped = set_random_pins(seen, actor)
        said = f"{len(made)} {'person has' if len(made) == 1 else 'people have'} a new PIN."
        why = Counter(reason for _, reason in skipped)
        said += "".join(f" Skipped {count}: {reason}" for reason, count in why.items())
        self.message_user(request, said, messages.WARNING if why or not made else messages.SUCCESS)
        return _pdf(made, request.POST.get("paper", "")) if made else None

    def _ask_for_many(
        self,
        request: HttpRequest,
        chosen: list[Employee],
        able: list[Employee],
        reasons: dict[int, str],
    ) -> HttpResponse:
        marker = markers(person.pk for person in able)
        page = {
            **self.admin_site.each_context(request),
            "title": "New random PINs",
            "able": [(person, marker[person.pk]) for person in able],
            "skipped": [(person, reasons[person.pk]) for person in chosen if reasons[person.pk]],
            "checkbox": ACTION_CHECKBOX_NAME,
            "action": SLIPS_ACTION,
        }
        return kept_nowhere(TemplateResponse(request, "admin/pins/many.html", page))

    def _ask(
        self, request: HttpRequest, employee: Employee, what: str, **more: Any
    ) -> HttpResponse:
        """The page before anything is done; it remembers which PIN it is about."""
        title = {
            "random": "Set a random PIN",
            "type": "Type a PIN",
            "remove": "Remove the PIN",
            "unlock": "Let them try their PIN again",
        }
        seen = request.POST.get("seen", markers([employee.pk])[employee.pk])
        page = self._page(request, employee, title[what])
        page |= {"what": what, "seen": seen, "has_pin": has_pin(employee.pk), **more}
        return kept_nowhere(TemplateResponse(request, "admin/pins/one.html", page))

    def _page(self, request: HttpRequest, employee: Employee, title: str) -> dict[str, Any]:
        return {
            **self.admin_site.each_context(request),
            "title": title,
            "employee": employee,
            "reason": why_no_pin(employee, actor_of(request)),
            "back": _page_of(employee),
        }

    def _person(self, request: HttpRequest, object_id: str) -> Employee:
        """The person, where this user may see them.

        Raises: Http404, and PermissionDenied for who may change nobody.
        """
        if not self.has_change_permission(request):
            raise PermissionDenied
        known = object_id.isascii() and object_id.isdigit() and len(object_id) <= 10
        people = visible_to(actor_of(request))
        employee = people.filter(pk=int(object_id)).first() if known else None
        if employee is None:
            raise Http404
        return employee

    def _back_to_person(
        self, request: HttpRequest, employee: Employee, said: str, level: int = messages.SUCCESS
    ) -> HttpResponse:
        self.message_user(request, said, level)
        return HttpResponseRedirect(_page_of(employee))


def _doors(number: int) -> list[str]:
    """Where this number has to wait, and until when, as sentences."""
    names = {kiosk_door(pk).scope: name for pk, name in Kiosk.objects.values_list("pk", "name")}
    return [
        f"{names.get(row.scope, 'Outside the kiosks')}: until {moment(row.wait_until)}, "
        f"after {row.wrong} wrong PINs"
        for row in waiting(number)
    ]


def _pdf(made: list[NewPin], paper: str) -> HttpResponse:
    # Here, since every program of the console would take 60 ms longer to start.
    from employees.slips import PAPERS, Slip, slips_pdf

    slips = [Slip(new.employee.pk, new.employee.name, new.pin) for new in made]
    body = slips_pdf(slips, paper if paper in PAPERS else "letter")
    response = HttpResponse(body, content_type="application/pdf")
    response["Content-Disposition"] = 'inline; filename="pin-slips.pdf"'
    return kept_nowhere(response)


def _page_of(employee: Employee) -> str:
    return reverse("admin:employees_employee_change", args=[employee.pk])
