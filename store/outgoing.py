"""Requests to other systems over HTTP."""

from __future__ import annotations

import urllib.request


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        return None


def direct_opener() -> urllib.request.OpenerDirector:
    """Opens addresses and follows nobody elsewhere: who is asked answers by himself, and does not choose for us whom we
    talk to or trust. A redirect raises :class:`urllib.error.HTTPError`.
    """
    return urllib.request.build_opener(_NoRedirects)
