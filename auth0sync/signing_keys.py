"""The public keys with which a tenant signs, by their ``kid``, in this process's memory.

PyJWT's own client keeps keys too, but forgets the last good ones when their time is over, and
asks again at every request while the tenant doesn't answer, one request after the other.
"""

import logging
from functools import lru_cache
from threading import Lock
from time import monotonic

import httpx
from jwt import PyJWK, PyJWKSet, PyJWKSetError, PyJWTError

from auth0sync.bounded import get

logger = logging.getLogger(__name__)

# All in seconds, for each process by itself.
KEPT_S = 600  # then the keys are asked for again: one that was revoked is in them no more
PAUSE_S = 60  # between two questions, whatever keys are named: made-up ones cost the tenant little
FIRST_PAUSE_S = 10  # the same, as long as there are no keys at all
TIMEOUT_S = 5.0


class SigningKeys:
    """The RSA keys of one JWK set (RFC 7517), asked for when they are needed."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._keys: dict[str, PyJWK] = {}
        self._old_at = 0.0  # as the next, on the clock of monotonic()
        self._ask_at = 0.0
        self._asking = Lock()

    def find(self, kid: str) -> PyJWK | None:
        """The key of this name; None when the tenant has none, or was never reached.

        Nobody waits longer than for one answer: who has the key goes on with it while another
        asks, and the last good keys count as long as the tenant doesn't answer.
        """
        patience_s = 0.0 if kid in self._keys else TIMEOUT_S
        if self._is_due(kid) and self._asking.acquire(timeout=patience_s):
            try:
                if self._is_due(kid):  # whoever had the lock until now may have done it
                    self._ask()
            finally:
                self._asking.release()
        return self._keys.get(kid)

    def _is_due(self, kid: str) -> bool:
        now = monotonic()
        return now >= self._ask_at and (kid not in self._keys or now >= self._old_at)

    def _ask(self) -> None:
        try:
            self._keys = fetch_keys(self._url)
            self._old_at = monotonic() + KEPT_S
        except (httpx.HTTPError, PyJWTError, ValueError) as error:
            logger.warning("The tenant gives no signing keys: %s", type(error).__name__)
        finally:
            self._ask_at = monotonic() + (PAUSE_S if self._keys else FIRST_PAUSE_S)


@lru_cache(maxsize=4)
def signing_keys(url: str) -> SigningKeys:
    """The keys that stand at this address; one object for the whole process."""
    return SigningKeys(url)


def fetch_keys(url: str) -> dict[str, PyJWK]:
    """The RSA keys for signatures by their ``kid``.

    Raises: httpx.HTTPError, ValueError (no JSON), PyJWTError (no key for signatures).
    """
    answer = get(url, TIMEOUT_S).raise_for_status().json()
    listed = PyJWKSet.from_dict(answer if isinstance(answer, dict) else {})
    keys = {
        key.key_id: key
        for key in listed
        if key.key_id and key.key_type == "RSA" and key.public_key_use in ("sig", None)
    }
    if not keys:
        raise PyJWKSetError("No RSA key for signatures is among them.")
    return keys
