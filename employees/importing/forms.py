"""The form on which a file of people is uploaded, and that which corrects how it is read."""

from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError

from employees.admin_base import ThemedSelect
from employees.errors import InvalidValue
from employees.forms import PROPOSE, WORKSPACES
from employees.importing.columns import BY_NAME, COLUMNS
from employees.importing.csv_files import DELIMITERS, ENCODINGS
from employees.importing.days import Order
from employees.importing.files import SUFFIXES, why_not_open
from employees.models import AuthMethod, Invitation, Workspace
from employees.selectors import departments
from employees.values import clean_value
from employees.widgets import DatalistInput

DEFAULTS = ("workspace", "department", "auth_method", "invitation")
ORDERS = [
    (Order.MONTH_FIRST.value, "Month first: 12/31/2025"),
    (Order.DAY_FIRST.value, "Day first: 31/12/2025"),
]
TITLE_LENGTH = 200


class UploadForm(forms.Form):
    """A file, and what goes for newcomers where the file says nothing."""

    file = forms.FileField(
        label="File",
        allow_empty_file=True,  # said in our words
        widget=forms.FileInput({"accept": ",".join(SUFFIXES)}),
        help_text="CSV or Excel (.xlsx), at most 20,000 people and 5 MB. Nothing is written to "
        "anybody before you have looked at the preview and confirmed it.",
    )
    workspace = forms.ChoiceField(
        choices=WORKSPACES, required=False, initial=Workspace.MS, widget=ThemedSelect
    )
    department = forms.CharField(required=False, max_length=100, widget=DatalistInput)
    auth_method = forms.ChoiceField(
        label="Signs in with",
        choices=[PROPOSE, *AuthMethod.choices],
        required=False,
        widget=ThemedSelect,
    )
    invitation = forms.ChoiceField(
        label="Invited", choices=Invitation.choices, initial=Invitation.WORK, widget=ThemedSelect
    )

    class Media:
        css: ClassVar[Any] = {"all": ("employees/people.css", "employees/mass.css")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if isinstance(widget := self.fields["department"].widget, DatalistInput):
            widget.proposals = departments()

    def clean_file(self) -> Any:
        """Refuse at once what can't be a list of people."""
        file: Any = self.cleaned_data["file"]
        beginning = file.read(2048)
        file.seek(0)
        if reason := why_not_open(file.name or "", file.size or 0, beginning):
            raise ValidationError(reason)
        return file

    def clean_department(self) -> str:
        """As for one person."""
        try:
            return str(clean_value("department", self.cleaned_data["department"]) or "")
        except InvalidValue as error:
            raise ValidationError(error.reason) from None

    @property
    def title(self) -> str:
        """The name of the file, without a path and what no page should show."""
        name = "".join(c for c in (self.cleaned_data["file"].name or "") if c.isprintable())
        stem, dot, suffix = name.rpartition(".")
        return f"{stem[: TITLE_LENGTH - 10]}{dot}{suffix}"

    @property
    def defaults(self) -> dict[str, str]:
        """What goes for newcomers, without what says nothing."""
        return {name: value for name in DEFAULTS if (value := self.cleaned_data.get(name))}


class ReadingForm(forms.Form):
    """How the file is to be read: what was guessed is chosen, and can be corrected.

    recognised: ``MassChange.recognised``. ``chosen`` is for ``options`` once it is valid.
    """

    encoding = forms.ChoiceField(choices=list(ENCODINGS.items()), required=False)
    delimiter = forms.ChoiceField(
        label="Separator", choices=[(k, v) for k, v in DELIMITERS.items()], required=False
    )
    sheet = forms.ChoiceField(required=False)
    order = forms.ChoiceField(label="Days are written", choices=ORDERS, required=False)

    def __init__(self, data: Any = None, *, recognised: dict[str, Any]) -> None:
        super().__init__(data, initial=recognised)
        self.recognised = recognised
        is_text = recognised.get("format") == "csv"
        for name in ("sheet",) if is_text else ("encoding", "delimiter"):
            del self.fields[name]
        if not is_text and isinstance(sheet := self.fields["sheet"], forms.ChoiceField):
            sheet.choices = [(name, name) for name in recognised.get("sheets", [])]
        columns = [("", "Leave out"), *((column.name, column.label) for column in COLUMNS)]
        self.columns = []
        for index, (heading, mapped) in enumerate(self._headings()):
            name = f"column-{index}"
            self.fields[name] = forms.ChoiceField(
                label=heading or f"Column {index + 1}",
                choices=columns,
                initial=mapped,
                required=False,
            )
            self.columns.append(name)

    def _headings(self) -> list[tuple[str, str]]:
        found = self.recognised
        return list(zip(found.get("headings", []), found.get("mapping", []), strict=True))

    @property
    def lines(self) -> list[tuple[Any, str]]:
        """The field of each column, and what stands in it first."""
        examples = self.recognised.get("examples", [])
        return [(self[name], examples[index]) for index, name in enumerate(self.columns)]

    def clean(self) -> dict[str, Any]:
        """No column twice."""
        cleaned = super().clean() or {}
        names = [name for field in self.columns if (name := cleaned.get(field))]
        for name in dict.fromkeys(names):
            if names.count(name) > 1:
                raise ValidationError(f"“{BY_NAME[name].label}” is chosen for two columns.")
        return cleaned

    @property
    def chosen(self) -> dict[str, Any]:
        """What counts from now on; other headings are recognised anew."""
        how = {name: self.cleaned_data.get(name) for name in ("encoding", "delimiter", "sheet")}
        how = {name: value for name, value in how.items() if value}
        if any(self.recognised.get(name) != value for name, value in how.items()):
            return how
        order = self.cleaned_data.get("order")
        is_chosen = order and ("order" in self.changed_data or self.data.get("order_is_meant"))
        mapping = [self.cleaned_data[name] for name in self.columns]
        return {**how, "mapping": mapping, **({"order": order} if is_chosen else {})}
