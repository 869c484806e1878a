"""A browser in short words, so that its owner recognises it."""

import re

LONGEST = 60  # characters
# What a browser calls itself. Most also name those before them, so the first that is found counts.
_PROGRAMS = {
    "Edg": "Edge",
    "OPR": "Opera",
    "SamsungBrowser": "Samsung Internet",
    "Firefox": "Firefox",
    "FxiOS": "Firefox",
    "CriOS": "Chrome",
    "Chrome": "Chrome",
    "Safari": "Safari",
}
_SYSTEMS = {
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Android": "Android",
    "Windows": "Windows",
    "Macintosh": "Mac",
    "CrOS": "Chromebook",
    "Linux": "Linux",
}


def browser_of(user_agent: str) -> str:
    """Such as "Chrome on Windows"; what else there is in its own first word, "" for nothing.

    user_agent: the header, in which anybody can write what they like; a hint, never a proof.
    """
    program = _first(_PROGRAMS, user_agent)
    system = _first(_SYSTEMS, user_agent)
    if program and system:
        return f"{program} on {system}"
    word = re.match(r"[\w.-]+", user_agent, re.ASCII)
    return program or system or (word[0][:LONGEST] if word else "")


def _first(names: dict[str, str], user_agent: str) -> str:
    return next((name for mark, name in names.items() if mark in user_agent), "")
