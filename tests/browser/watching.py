"""Sees what goes wrong on a page while nobody looks: script errors, broken rules, faults."""

from playwright.sync_api import BrowserContext, ConsoleMessage, Response, WebError

# The browser repeats in its console what the answer said, which ``_saw`` judges better.
REPEATED = "Failed to load resource: the server responded with a status of"
# These may be refused: somebody asked for what isn't theirs, or a form was wrong. A script or a
# picture that is refused is missing from the page.
MAY_BE_REFUSED = {"document", "fetch", "xhr"}


class Watch:
    """Collects in ``faults`` what happens on any page of a context, as one sentence each.

    Faults are: an error that no script caught; an error in the console, which is also how a
    breach of the Content-Security-Policy shows; an answer of 500 and more; a file of the page,
    such as a script, that can't be had.
    """

    def __init__(self, context: BrowserContext) -> None:
        self.faults: list[str] = []
        context.on("weberror", self._failed)
        context.on("console", self._said)
        context.on("response", self._saw)

    def _failed(self, error: WebError) -> None:
        where = error.page.url if error.page else "a page that is gone"
        self.faults.append(f"{where}: a script failed: {error.error}")

    def _said(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not message.text.startswith(REPEATED):
            self.faults.append(f"{message.location['url']}: {message.text}")

    def _saw(self, answer: Response) -> None:
        refused = answer.status >= 400 and answer.request.resource_type not in MAY_BE_REFUSED
        if refused or answer.status >= 500:
            self.faults.append(f"{answer.request.method} {answer.url} answered {answer.status}")
