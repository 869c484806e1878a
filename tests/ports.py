"""Ports for servers that a test starts itself, in a process that is told the number."""

import secrets
import socket

# Below what Linux (32768) and macOS (49152) hand out by themselves, so that no connection that
# leaves this machine takes the port between the question and the server's start.
FIRST, LAST = 20_000, 32_000

given: set[int] = set()


def free_port() -> int:
    """A port of the loopback address that nobody uses now and nobody here was given before."""
    while True:
        port = FIRST + secrets.randbelow(LAST - FIRST)
        if port not in given and is_free(port):
            given.add(port)
            return port


def is_free(port: int) -> bool:
    """Whether a server could listen there."""
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
