"""The pages in a real browser: Debian's Chromium, driven by Playwright over the service on a loopback port.

``test_every_page.py`` goes through every page that the routers of :mod:`api.pages` answer ``GET`` with, as somebody who
may open it, in both languages: axe-core finds no violation of WCAG 2.1 AA, nothing overflows at 360, 768 and 1440 px or
with text at 200 %, and what is loaded stays below 100 kB. **A page that nobody entered fails the run.**

To add a page
-------------
Enter it in the module of its area, ``tests/browser/visits/{check,wallet,console,seals,common}.py``::

    VISITS = [
        Visit("/console/licences", "issuer"),
        Visit("/console/licences/{identifier}", "issuer", lambda served: {"identifier": served.licence().identifier}),
        Visit("/console/licences", "issuer", query="q=nothing-like-it", name="console-nothing-found"),
        Visit("/wallet/licences/{identifier}/code", "holder", prepare=show_code, name="wallet-code"),
    ]

The route is written as the router has it, the role is one of :data:`tests.browser.served.ROLES`. Further visits to one
page show its other states: empty, many, failed. What is reached by a form has ``prepare``, which gets the open page and
brings it there. A page of :data:`api.pages.frame.NAVIGATION` without parameters needs no entry.

To test a path
--------------
::

    def test_an_officer_freezes_a_seal(browser_as: BrowserAs, served: Served) -> None:
        page = browser_as("seal_approver", width=360)
        page.goto("/seals")
        page.get_by_role("button", name="冻结").click()

Every page that ``browser_as`` opens is watched: what its console calls an error, an exception in a script, a breach of
the content security policy, a failed request, an answer of 5xx and a request to another host each fail the test at its
end. What a test means to happen it names in ``expects`` (a regular expression). One service is shared by all tests of a
worker: leave it so that the others still find what they need.

To look at pages
----------------
``YINZHENG_PICTURES=/tmp/pictures pytest tests/browser/test_every_page.py -k console`` leaves a picture of each page at
each width in each language.
"""
