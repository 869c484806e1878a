"""The form on which a manager adds or changes a person."""

import json
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, ClassVar
from uuid import uuid4

from django import forms
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils.html import format_html

from employees.actors import visible_to
from employees.admin_base import ThemedSelect, ThemedTextInput
from employees.authority import Actor, operation_of, why_not, why_not_grant
from employees.errors import EmailTaken, EmployeesError, InvalidValue
from employees.form_meanwhile import flat, refuse_what_changed, refuse_what_is_closed
from employees.models import Auth0Role, AuthMethod, Employee, Invitation, Workspace
from employees.pin_services import has_pin
from employees.plan_forms import beginning_of
from employees.podfactory_losses import NEWCOMER
from employees.podfactory_words import said_of_joining, said_of_renaming
from employees.rehire import LookAlike, look_alikes
from employees.selectors import (
    departments,
    holder_of,
    invitation_of,
    shop_floor_departments,
    was_sent,
)
from employees.sign_in_words import FOR_NEWCOMERS, as_help, effects
from employees.values import clean_value
from employees.widgets import DatalistInput, DayInput
from employees.zones import today_in, zone_of

PROPOSE = ("", "As usual for the department")
WORKSPACES = [("", "Not known"), *Workspace.choices]
CLEANED_ELSEWHERE = ("role", "invitation", "starts_on")
CONNECTEAM_WRITES = (
    "Connecteam writes the name too, every night, and whether this person is active. Change it "
    "there as well, or it comes back."
)
EMAIL_INPUT = {"inputmode": "email", "spellcheck": "false", "autocomplete": "off"}


class EmployeeForm(forms.ModelForm[Employee]):
    """Everything that people decide about a person, and nothing that programs keep.

    The rendered values travel with the form, so ``changed_data`` is what *this* manager changed,
    not what differs from the row by now. Saving is the services' job (``EmployeeAdmin``).
    """

    # Set on a subclass when a service refused what had passed the form (a race).
    refused: ClassVar[EmployeesError | None] = None
    # Who fills it in; set on a subclass for each request.
    actor: ClassVar[Actor] = Actor(name="nobody")

    email = forms.CharField(
        label="E-mail",
        required=False,
        max_length=255,
        widget=ThemedTextInput(dict(EMAIL_INPUT)),
        help_text="Work e-mail, which the account is made for. Without one there is no account.",
    )
    personal_email = forms.CharField(
        label="Personal e-mail",
        required=False,
        max_length=255,
        widget=ThemedTextInput(dict(EMAIL_INPUT)),
    )
    hire_date = forms.DateField(required=False, widget=DayInput)
    starts_on = forms.DateField(
        label="Starts on",
        required=False,
        widget=DayInput,
        help_text="Empty: now. A later day: until it begins nobody can sign in as them; then the "
        "account is made and the invitation sent.",
    )
    department = forms.CharField(required=False, max_length=100, widget=DatalistInput)
    workspace = forms.TypedChoiceField(
        required=False,
        choices=WORKSPACES,
        empty_value=None,
        initial=Workspace.MS,
        widget=ThemedSelect,
    )
    auth_method = forms.ChoiceField(
        label="Signs in with",
        choices=[PROPOSE, *AuthMethod.choices],
        required=False,
        widget=ThemedSelect,
    )
    invitation = forms.ChoiceField(
        label="Invited",
        choices=Invitation.choices,
        initial=Invitation.WORK,
        widget=ThemedSelect,
        help_text="Where the link to choose a password goes.",
    )
    auth0_role = forms.ChoiceField(
        label="Auth0 role",
        choices=Auth0Role.choices,
        initial=Auth0Role.PRODUCTION_ASSOCIATE,
        widget=ThemedSelect,
        help_text="What they may do: team leads see their own department, managers everybody.",
    )

    class Meta:
        model = Employee
        fields = (
            "name",
            "email",
            "personal_email",
            "phone_number",
            "department",
            "role",
            "workspace",
            "hire_date",
            "auth_method",
            "auth0_role",
        )

    class Media:
        js = (
            "employees/employee_form.js",
            "employees/rehire.js",
            "employees/follow.js",
            "employees/receipts.js",
        )
        css: ClassVar[Any] = {"all": ("employees/people.css",)}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.adding = self.instance.pk is None
        self.starts_at: datetime | None = None  # None is now
        self.look_alikes: list[LookAlike] = []
        self.name_asked_about = self.data.get("name_anyway", "")
        self.lost_to_podfactory: list[str] = []  # what PodFactory would miss under that name
        # A browser sends it back as it is; whatever else comes is cut to what the column holds.
        self.form_key = (self.data.get("form_key") or uuid4().hex)[:32]
        if self.adding:
            self._propose()
        else:
            del self.fields["starts_on"]  # planned on a page of its own
            self._take_the_row_as_it_is()
            self._close_what_is_out_of_reach()
        self._offer_roles_that_may_be_given()
        if isinstance(widget := self.fields["department"].widget, DatalistInput):
            widget.proposals = departments()

    def _propose(self) -> None:
        self.fields["name"].widget.attrs["autofocus"] = True
        self.fields["hire_date"].initial = today
        self.fields["auth_method"].widget.attrs["data-shop-floor"] = json.dumps(
            sorted(shop_floor_departments())
        )
        self._explain_ways_of_signing_in(FOR_NEWCOMERS)

    def _take_the_row_as_it_is(self) -> None:
        self.fields["auth_method"].required = True
        self._set_choices("auth_method", AuthMethod.choices)
        # A value written by SQL stays what it is unless somebody changes it.
        for name, choices in (("workspace", WORKSPACES), ("auth0_role", Auth0Role.choices)):
            value = getattr(self.instance, name)
            if value and value not in dict(choices):
                self._set_choices(name, [*choices, (value, f"{value} (not known here)")])
        is_self = self.instance.pk == self.actor.employee_id
        words = effects(self.instance, has_pin(self.instance.pk), is_self)
        self._explain_ways_of_signing_in(words)
        if self.instance.connecteam_user_id:
            self.fields["name"].help_text = CONNECTEAM_WRITES
        self.initial["invitation"] = invitation_of(self.instance.pk)
        for name, field in self.fields.items():
            # A program that posts without the rendered values is compared with the row.
            sent = self.add_initial_prefix(name) in self.data
            field.show_hidden_initial = sent or not self.is_bound

    def _explain_ways_of_signing_in(self, words: Mapping[str, str]) -> None:
        self.fields["auth_method"].help_text = as_help(words)

    def _close_what_is_out_of_reach(self) -> None:
        """Fields that this person may not change for that one are shown, with the reason."""
        for name, field in self.fields.items():
            reason = why_not(self.actor, operation_of(name), self.instance)
            if name == "auth0_role" and not reason:
                reason = why_not_grant(self.actor, self.instance.pk, self.instance.auth0_role)
            if reason:
                field.disabled = True
                field.help_text = reason

    def _offer_roles_that_may_be_given(self) -> None:
        field = self.fields["auth0_role"]
        if field.disabled or not isinstance(field, forms.ChoiceField):
            return
        own = None if self.adding else self.instance.auth0_role
        field.choices = [
            (value, label)
            for value, label in flat(field.choices)
            if value == own or not why_not_grant(self.actor, None, value)
        ]

    def _set_choices(self, name: str, choices: list[Any]) -> None:
        field = self.fields[name]
        if isinstance(field, forms.ChoiceField):
            field.choices = choices

    @property
    def columns(self) -> dict[str, Any]:
        """The columns to write: all for a newcomer, else those that this manager changed."""
        written = self.fields if self.adding else self.changed_data
        names = [name for name in EmployeeForm.Meta.fields if name in written]
        return {name: self.cleaned_data[name] for name in names}

    @property
    def seen(self) -> dict[str, Any]:
        """What the columns to write held when this form was made, for ``change_employee``."""
        names = {name: "role_id" if name == "role" else name for name in self.columns}
        return {column: self.initial.get(name) for name, column in names.items()}

    def clean(self) -> dict[str, Any]:
        """Hold what is to be written against the rules of the columns."""
        super().clean()
        to_check = self.fields if self.adding else self.changed_data
        for name in [name for name in to_check if name in self.cleaned_data]:
            if name in CLEANED_ELSEWHERE or (name == "auth_method" and self.adding):
                continue
            try:
                self.cleaned_data[name] = clean_value(name, self.cleaned_data[name])
            except InvalidValue as error:
                self.add_error(name, error.reason)
        if "email" in to_check and self.cleaned_data.get("email"):
            self._refuse_taken_email(self.cleaned_data["email"])
        if self.adding:
            self._find_the_start()
            if not was_sent(self.form_key):  # else whom a first click has added would be alike
                typed = dict(self.cleaned_data)  # a name that is asked about is taken out of them
                self._warn_of_podfactory()
                self._warn_of_look_alikes(typed)
        else:
            refuse_what_is_closed(self)
            refuse_what_changed(self, self.instance.pk)
            self._warn_of_podfactory()
        if self.refused is not None and not self.errors:
            field = self.refused.field
            self.add_error(field if field in self.fields else None, self._refusal(self.refused))
        return self.cleaned_data

    def validate_unique(self) -> None:
        """Left to :meth:`clean`, which names the holder of a taken e-mail."""

    def _refuse_taken_email(self, email: str) -> None:
        other = holder_of(email, self.instance.pk)
        if other is not None:
            self.add_error("email", self._refusal(EmailTaken(other.pk, other.name)))

    def _refusal(self, error: EmployeesError) -> ValidationError:
        """The error in words; somebody out of sight is not named."""
        named = error.other_id if isinstance(error, EmailTaken) else None
        if named and not visible_to(self.actor).filter(pk=named).exists():
            error = EmailTaken(None, "")
        return refusal(error)

    def _find_the_start(self) -> None:
        """When they start, by their workspace's clock; hired that day where nobody said else."""
        day = self.cleaned_data.get("starts_on")
        if day is None:
            return
        try:
            self.starts_at = beginning_of(day, zone_of(self.cleaned_data.get("workspace")))
        except InvalidValue as error:
            self.add_error("starts_on", error.reason)
        if "hire_date" not in self.changed_data:
            self.cleaned_data["hire_date"] = day

    def _warn_of_look_alikes(self, typed: Mapping[str, Any]) -> None:
        """Stop once for somebody who may be the same person; a tick says that they aren't.

        Stop in any case for ``not_yet``: somebody comes back from the page that brings people back.
        """
        not_yet = self.data.get("not_yet")
        if self.data.get("anyway") and not not_yet and not self.errors:
            return  # else the page comes back, with them and the tick
        self.look_alikes = look_alikes(typed, self.actor)
        if not_yet:
            self.add_error(None, "Nobody was brought back, and nothing is saved yet.")
        if self.look_alikes and not self.errors:  # of two warnings one stops, and both are shown
            self.add_error(None, "This may be somebody who is here already: see above.")

    def _warn_of_podfactory(self) -> None:
        """Stop once for a name under which PodFactory would miss somebody.

        The tick holds the name that it was set for: another name is asked about again.
        """
        name = self.cleaned_data.get("name", "")
        if self.errors or "name" not in self.changed_data or self.name_asked_about == name:
            return
        self.lost_to_podfactory = self._lost_to_podfactory(name)
        if self.lost_to_podfactory:
            self.name_asked_about = name
            self.add_error("name", "PodFactory would miss somebody: see above.")

    def _lost_to_podfactory(self, name: str) -> list[str]:
        if self.adding:
            newcomer = (NEWCOMER, name, self.cleaned_data.get("email"))
            return [each for _, said in said_of_joining([newcomer], self.actor) for each in said]
        number = self.instance.pk
        return said_of_renaming({number: name}, self.actor).get(number, [])


def refusal(error: EmployeesError) -> ValidationError:
    """The error in words; a taken e-mail links to the person who has it."""
    if isinstance(error, EmailTaken) and error.other_id:
        url = reverse("admin:employees_employee_change", args=[error.other_id])
        message = format_html(
            'This e-mail already belongs to <a href="{}">{} (number {})</a>.',
            url,
            error.other_name,
            error.other_id,
        )
        return ValidationError(message, code="taken")
    return ValidationError(str(error), code="refused")


def today() -> date:
    """The day at the company, where it is still yesterday evening when UTC has moved on."""
    return today_in(zone_of(None))
