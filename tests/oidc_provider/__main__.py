"""``python -m tests.oidc_provider``: makes the database, the people and the client, and serves.

Started by ``RunningProvider`` alone, with what it needs in the environment.
"""

import json
import os

import django
from django.core.management import call_command


def main() -> None:
    """Go on until a signal."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.oidc_provider.settings"
    django.setup()
    call_command("migrate", verbosity=0)
    make_people()
    make_client()
    port = os.environ["PROVIDER_PORT"]
    call_command("runserver", f"127.0.0.1:{port}", use_reloader=False, skip_checks=True)


def make_people() -> None:
    """A user for everybody who may sign in; the log-in page takes the e-mail."""
    from django.contrib.auth.models import User

    for person in json.loads(os.environ["PROVIDER_PEOPLE"]):
        User.objects.create_user(person["email"], password=person["password"])


def make_client() -> None:
    """The web application: confidential, with the console's own addresses."""
    from oauth2_provider.models import Application

    console = os.environ["PROVIDER_CONSOLE"]
    Application.objects.create(
        name="Console",
        client_id=os.environ["PROVIDER_CLIENT_ID"],
        client_secret=os.environ["PROVIDER_CLIENT_SECRET"],
        client_type=Application.CLIENT_CONFIDENTIAL,
        authorization_grant_type=Application.GRANT_AUTHORIZATION_CODE,
        redirect_uris=f"{console}/complete/auth0/",
        post_logout_redirect_uris=" ".join(f"{console}{path}" for path in ("/", "/login/")),
        algorithm=Application.RS256_ALGORITHM,
        skip_authorization=True,
    )


if __name__ == "__main__":
    main()
