from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from django.db.backends.base.base import BaseDatabaseWrapper
from django.test import override_settings
from pytest_django import DjangoDbBlocker

from tests.employees.variants import variant


@pytest.fixture(autouse=True)
def static_files_need_not_be_collected() -> Iterator[None]:
    """The pages are asked for before ``collectstatic`` ever ran; WhiteNoise would warn."""
    with override_settings(WHITENOISE_AUTOREFRESH=True):
        yield


@pytest.fixture
def database_variant(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker, tmp_path: Path
) -> Iterator[Callable[[str], BaseDatabaseWrapper]]:
    """Makes a private database in one of the variants and drops it after the test."""
    with django_db_blocker.unblock(), ExitStack() as stack:
        yield lambda kind: stack.enter_context(variant(kind, tmp_path))
