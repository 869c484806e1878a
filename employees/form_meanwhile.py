"""What a form that stood open for a while says before it writes: what others did meanwhile."""

from typing import Any

from django import forms

from employees.actors import names_of
from employees.history import last_writer


def refuse_what_is_closed(form: forms.BaseForm) -> None:
    """Say so where a closed field was sent with another value; no page does that by itself.

    The person's role may have risen since the page was shown: what was typed isn't dropped in
    silence then, and nothing of the rest is written either.
    """
    for name, field in form.fields.items():
        sent = form.data.get(form.add_prefix(name))
        if not field.disabled or sent is None:
            continue
        shown = _as_sent(form.get_initial_for_field(field, name))
        if sent != form.data.get(form.add_initial_prefix(name), shown):
            form.add_error(name, str(field.help_text))


def refuse_what_changed(form: forms.BaseForm, employee_id: int) -> None:
    """Say so where somebody else changed a field that this person is about to write.

    After that the page holds the new value as its own, so that sending it again is meant.
    employee_id: whose fields they are.
    """
    for name in form.changed_data:
        field, sent = form.fields[name], form.add_initial_prefix(name)
        if not field.show_hidden_initial or name not in form.cleaned_data:
            continue
        rendered = form.data.get(sent, "")
        current = form.initial.get(name)
        if not field.has_changed(current, rendered):
            continue
        if not field.has_changed(current, form.data.get(form.add_prefix(name), "")):
            continue
        prepared = field.prepare_value(current)
        form.data = {**dict(form.data.items()), sent: _as_sent(prepared)}
        now = dict(flat(getattr(field, "choices", []))).get(prepared, prepared)
        who = _who_changed(employee_id, name)
        text = f"{who} changed this to “{now or 'nothing'}” while you were here."
        form.add_error(name, f"{text} Save again to write yours.")


def flat(choices: Any) -> list[tuple[Any, Any]]:
    """The choices of a field, as pairs."""
    return [(getattr(value, "value", value), label) for value, label in choices]


def _who_changed(employee_id: int, name: str) -> str:
    """Who wrote this field last, as far as the history knows."""
    actor = last_writer(employee_id, "role_id" if name == "role" else name)
    return names_of([actor]).get(actor, actor) if actor else "Another program"


def _as_sent(value: Any) -> str:
    """A value as a browser sends it back; a day is in ISO form in every language."""
    return "" if value is None else str(value)
