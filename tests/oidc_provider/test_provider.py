"""The second provider keeps to OpenID Connect, as a client that isn't the console sees it."""

import base64
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import jwt
import pytest

from tests.oidc_provider.running import Person, RunningProvider

# Not marked as a process: those are spread, and each of these would start the provider anew.
pytestmark = pytest.mark.once

CONSOLE = "http://127.0.0.1:1"  # nobody listens: the client reads the address it is sent to
ADA = Person("auth0|emp-1", "ada@example.com", "Ada Quill", "correct horse", nickname="ada")
BO = Person("auth0|emp-2", "bo@example.com", "Bo Quill", "battery staple", email_verified=False)


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningProvider]:
    folder: Path = tmp_path_factory.mktemp("provider")
    with RunningProvider(folder, CONSOLE, [ADA, BO]) as running:
        yield running


@dataclass
class Client:
    """A relying party of the test's own, written against the specification alone."""

    provider: RunningProvider
    http: httpx.Client
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(48))
    nonce: str = field(default_factory=lambda: secrets.token_urlsafe(16))
    state: str = field(default_factory=lambda: secrets.token_urlsafe(16))

    def discover(self) -> dict[str, Any]:
        found: dict[str, Any] = self.http.get("/.well-known/openid-configuration").json()
        return found

    def authorize(self, **changed: str | None) -> httpx.Response:
        """Ask for a code; None leaves a parameter out."""
        challenge = base64.urlsafe_b64encode(sha256(self.verifier.encode()).digest())
        asked: dict[str, str | None] = {
            "response_type": "code",
            "client_id": self.provider.client_id,
            "redirect_uri": f"{CONSOLE}/complete/auth0/",
            "scope": "openid profile email",
            "state": self.state,
            "nonce": self.nonce,
            "code_challenge": challenge.decode().rstrip("="),
            "code_challenge_method": "S256",
            **changed,
        }
        kept = {name: value for name, value in asked.items() if value is not None}
        return self.http.get(self.discover()["authorization_endpoint"], params=kept)

    def sign_in(self, person: Person) -> dict[str, str]:
        """Give the password on the log-in page; returns what the console is sent."""
        page = self.http.get(self.authorize().headers["location"])
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)
        assert token is not None
        answer = self.http.post(
            page.url,
            data={
                "username": person.email,
                "password": person.password,
                "csrfmiddlewaretoken": token[1],
            },
        )
        answer = self.http.get(answer.headers["location"])
        sent = urlsplit(answer.headers["location"])
        assert sent._replace(query="").geturl() == f"{CONSOLE}/complete/auth0/"
        return {name: values[0] for name, values in parse_qs(sent.query).items()}

    def redeem(self, code: str, verifier: str) -> httpx.Response:
        """Change the code for tokens."""
        return self.http.post(
            self.discover()["token_endpoint"],
            data={
                "grant_type": "authorization_code",
                "code": code,
                "redirect_uri": f"{CONSOLE}/complete/auth0/",
                "client_id": self.provider.client_id,
                "client_secret": self.provider.client_secret,
                "code_verifier": verifier,
            },
        )

    def tokens(self, person: Person) -> dict[str, str]:
        """Sign in and change the code for tokens."""
        answer = self.redeem(self.sign_in(person)["code"], self.verifier)
        assert answer.is_success, answer.text
        found: dict[str, str] = answer.json()
        return found

    def verify(self, id_token: str) -> dict[str, Any]:
        """The claims, after signature, issuer, audience and times were checked."""
        found = self.discover()
        keys = jwt.PyJWKSet.from_dict(self.http.get(found["jwks_uri"]).json())
        claims: dict[str, Any] = jwt.decode(
            id_token,
            keys[jwt.get_unverified_header(id_token)["kid"]],
            algorithms=["RS256"],
            audience=self.provider.client_id,
            issuer=found["issuer"],
        )
        return claims


@pytest.fixture
def client(provider: RunningProvider) -> Iterator[Client]:
    with httpx.Client(base_url=provider.base_url, trust_env=False, timeout=30) as http:
        yield Client(provider, http)


def test_discovery_lies_at_the_root_and_names_an_issuer_with_a_slash(
    provider: RunningProvider, client: Client
) -> None:
    found = client.discover()

    assert found["issuer"] == f"{provider.base_url}/"
    assert found["code_challenge_methods_supported"] == ["S256"]
    for name in ("authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri"):
        assert found[name].startswith(f"{provider.base_url}/"), name


def test_a_log_in_with_pkce_and_nonce_gives_an_id_token_that_can_be_verified(
    client: Client,
) -> None:
    claims = client.verify(client.tokens(ADA)["id_token"])

    assert claims["nonce"] == client.nonce
    assert {name: claims[name] for name in ADA.claims()} == {
        "sub": "auth0|emp-1",
        "email": "ada@example.com",
        "email_verified": True,
        "name": "Ada Quill",
        "nickname": "ada",
    }


def test_userinfo_says_the_same_as_the_id_token(client: Client) -> None:
    access_token = client.tokens(BO)["access_token"]

    answer = client.http.get(
        client.discover()["userinfo_endpoint"], headers={"Authorization": f"Bearer {access_token}"}
    )

    assert answer.json() == BO.claims()
    assert answer.json()["email_verified"] is False


def test_the_state_and_the_issuer_come_back_with_the_code(client: Client) -> None:
    sent = client.sign_in(ADA)

    assert (sent["state"], sent["iss"]) == (client.state, f"{client.provider.base_url}/")


def test_a_code_without_its_verifier_is_worth_nothing(client: Client) -> None:
    code = client.sign_in(ADA)["code"]

    answer = client.redeem(code, secrets.token_urlsafe(48))

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


def test_a_code_is_worth_something_once(client: Client) -> None:
    code = client.sign_in(ADA)["code"]

    first, second = client.redeem(code, client.verifier), client.redeem(code, client.verifier)

    assert (first.status_code, second.status_code) == (200, 400)


@pytest.mark.parametrize("changed", [{"code_challenge": None}, {"code_challenge_method": "plain"}])
def test_no_code_is_given_without_a_proper_challenge(
    client: Client, changed: dict[str, str | None]
) -> None:
    client.sign_in(ADA)

    answer = client.authorize(**changed)

    assert "error=invalid_request" in answer.headers["location"]


def test_nobody_is_sent_to_an_address_that_was_not_registered(client: Client) -> None:
    client.sign_in(ADA)

    answer = client.authorize(redirect_uri="http://127.0.0.1:1/elsewhere/")

    assert answer.status_code == 400
    assert "location" not in answer.headers


def test_logging_out_with_the_id_token_ends_the_session_and_leads_back(client: Client) -> None:
    id_token = client.tokens(ADA)["id_token"]

    answer = client.http.get(
        client.discover()["end_session_endpoint"],
        params={"id_token_hint": id_token, "post_logout_redirect_uri": f"{CONSOLE}/login/"},
    )

    assert answer.headers["location"] == f"{CONSOLE}/login/"
    assert "/accounts/login/" in client.authorize().headers["location"]
