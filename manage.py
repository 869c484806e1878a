#!/usr/bin/env python
"""Django's command line for the identity console."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "identity_console.settings")
    from identity_console.environment import explain_and_exit

    with explain_and_exit():
        from django.conf import settings
        from django.core.management import execute_from_command_line

        settings.SECRET_KEY  # noqa: B018  (reads the settings now: a refusal is a sentence)
    from employees import request_ids

    with request_ids.bound():
        execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
