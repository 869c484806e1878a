"""Every address of the console, and every action of a list, found by walking what is there."""

from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.urls import get_resolver


def addresses() -> set[str]:
    """The routes of all patterns, each as ``ResolverMatch.route`` has it."""
    return set(_below(get_resolver(), ""))


def _below(resolver: Any, prefix: str) -> Iterator[str]:
    for pattern in resolver.url_patterns:
        route = prefix + str(pattern.pattern)
        if hasattr(pattern, "url_patterns"):
            yield from _below(pattern, route)
        else:
            yield route


def models() -> set[str]:
    """Whatever has pages in the admin, as its address says it: ``auth/user``."""
    return {pages.opts.label_lower.replace(".", "/") for pages in _pages()}


def actions() -> set[tuple[str, str]]:
    """Model and name of whatever can be done to the ticked rows of a list, or while saving one."""
    found = set()
    for pages in _pages():
        names = [name for _function, name, _label in pages._get_base_actions()]
        names += getattr(pages, "actions_submit_line", ())
        found |= {(pages.opts.label_lower.replace(".", "/"), str(name)) for name in names}
    return found


def _pages() -> Iterator[Any]:
    """The ``ModelAdmin``s; what the types don't know of them is asked as well."""
    yield from admin.site._registry.values()
