"""A provider of identities for trying out: it lets anybody sign in as one of a few invented people.

It is an OpenID provider like another, so that nothing on the other side knows of it. It is there only where
``YINZHENG_BUILTIN_PROVIDER`` is set, which production and addresses other than this machine's refuse.
"""

from api.builtin_provider.links import SignInLinks
from api.builtin_provider.people import ACR, OFFICERS, PEOPLE, InventedPerson
from api.builtin_provider.provider import CLIENT_ID, BuiltinProvider

__all__ = ["ACR", "CLIENT_ID", "OFFICERS", "PEOPLE", "BuiltinProvider", "InventedPerson", "SignInLinks"]
