"""What Django says of a fault, on its page with DEBUG on and in mails to ADMINS: nothing secret."""

from types import FrameType
from typing import Any

from django.http import HttpRequest
from django.utils.safestring import SafeString, mark_safe
from django.views.debug import ExceptionReporter, SafeExceptionReporterFilter

from employees.redaction import HIDDEN, is_sensitive, redact, redact_text


class Filter(SafeExceptionReporterFilter):
    """Django's own filter, which goes by the names of settings, and the console's redaction."""

    def cleanse_setting(self, key: Any, value: Any) -> Any:
        """One setting, header or cookie."""
        cleansed = super().cleanse_setting(key, value)
        hidden = key == "QUERY_STRING" or is_sensitive(str(key))
        return HIDDEN if hidden else redact(cleansed)

    def get_safe_cookies(self, request: HttpRequest) -> dict[str, Any]:
        """Their names alone: a cookie is there to prove who somebody is."""
        return dict.fromkeys(request.COOKIES, HIDDEN)

    def get_post_parameters(self, request: HttpRequest | None) -> Any:
        """What was sent, whether the view calls it sensitive or not."""
        return redact(dict(super().get_post_parameters(request).items()))

    def get_traceback_frame_variables(
        self, request: HttpRequest | None, tb_frame: FrameType
    ) -> Any:
        """Local variables: also those of libraries."""
        found = super().get_traceback_frame_variables(request, tb_frame)
        return [(name, HIDDEN if is_sensitive(name) else redact(value)) for name, value in found]


class Reporter(ExceptionReporter):
    """Django's report, with the texts that no filter sees redacted too."""

    def get_traceback_data(self) -> dict[str, Any]:
        """What the pages and mails are made of."""
        data = super().get_traceback_data()
        for name in ("exception_value", "exception_notes", "request_insecure_uri", "user_str"):
            if name in data:
                data[name] = redact_text(str(data[name]))
        if "request_GET_items" in data:
            data["request_GET_items"] = [(name, HIDDEN) for name, _ in data["request_GET_items"]]
        for frame in data.get("frames", ()):
            for name in ("exc_cause", "exc_notes"):
                if frame.get(name):
                    frame[name] = redact(frame[name])
        return data

    def get_traceback_text(self) -> SafeString:
        """The text of the mail."""
        return mark_safe(redact_text(super().get_traceback_text()))  # noqa: S308  (plain text)
