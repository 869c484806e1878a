"""ENVIRONMENT_NAME stands in the header of every admin page."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HEADER = "from identity_console import urls; print(urls.admin.site.site_header)"


@pytest.mark.once
@pytest.mark.parametrize(
    ("name", "header"), [("staging", "Identity console – staging"), ("", "Identity console")]
)
def test_the_name_of_the_environment_is_in_the_header(name: str, header: str) -> None:
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "identity_console.settings",
        "ENV_FILE": os.devnull,
        "DEBUG": "true",
        "ENVIRONMENT_NAME": name,
    }

    said = subprocess.run(
        [sys.executable, "-c", f"import django; django.setup(); {HEADER}"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )

    assert said.stdout.strip() == header
