"""``python -m tests.auth0sync.saving NUMBER PEOPLE AT``: save so many people at this very moment.

A process of its own, as a web server's is. AT: seconds since the epoch.
"""

import os
import sys
import time

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "identity_console.settings")
    import django

    django.setup()
    from employees.services import add_employee
    from tests.builders import boss

    number, people, at = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
    time.sleep(max(0.0, at - time.time()))
    for n in range(people):
        email = f"p{number}.{n}@example.com"
        add_employee({"name": email, "email": email, "auth_method": "auth0"}, "work", boss())
