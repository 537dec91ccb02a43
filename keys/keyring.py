"""All keys of an installation, wherever they live: each call goes to the custody that keeps the key."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.orm import Session

from keys._tables import SigningKeyRow
from keys.custody import KeyAlgorithm, KeyCustody, KeyInfo, KeyPurpose
from keys.errors import KeyUnknownError
from keys.hsm_errors import HsmNotConfiguredError
from keys.locations import SOFT, TokenLocation
from keys.soft import SoftCustody
from store.database import Database

if TYPE_CHECKING:
    from keys.pkcs11 import TokenCustody


class Keyring:
    """Soft keys and those of a token behind one custody; see :class:`keys.custody.KeyCustody`.

    :param token: the token that this process is set up for, if any.
    :param in_token: purposes for which new keys are made in the token; keys that exist stay where they are.
    :param sm2_soft: make SM2 keys for those purposes in software, where the token has no SM2, instead of refusing.
    """

    def __init__(
        self,
        database: Database,
        soft: SoftCustody,
        token: TokenCustody | None = None,
        *,
        in_token: Collection[KeyPurpose] = (),
        sm2_soft: bool = False,
    ) -> None:
        self._database = database
        self._soft = soft
        self._token = token
        self._in_token = frozenset(in_token)
        self._sm2_soft = sm2_soft
        self._keepers: dict[int, KeyCustody] = {}

    @property
    def token(self) -> TokenCustody | None:
        """The custody of the token that this process is set up for."""
        return self._token

    def generate(self, session: Session, *, algorithm: KeyAlgorithm, purpose: KeyPurpose, label: str) -> KeyInfo:
        """Make a key where keys for the purpose are to be made, within the caller's transaction."""
        keeper: KeyCustody = self._soft
        if (
            self._token is not None
            and purpose in self._in_token
            and not (self._sm2_soft and algorithm is KeyAlgorithm.SM2)
        ):
            keeper = self._token
        info = keeper.generate(session, algorithm=algorithm, purpose=purpose, label=label)
        # its row cannot be seen from outside of the transaction yet
        self._keepers[info.id] = keeper
        return info

    def info(self, key_id: int) -> KeyInfo:
        """What is known about a key.

        :raises KeyUnknownError: there is none.
        """
        return self._keeper(key_id).info(key_id)

    def keys(self) -> list[KeyInfo]:
        """All committed keys, oldest first, wherever they live."""
        return self._soft.keys()

    def sign(self, key_id: int, data: bytes) -> bytes:
        """Sign ``data`` with a key, wherever it lives.

        :raises HsmNotConfiguredError: it lives in a token that this process is not set up for.
        """
        return self._keeper(key_id).sign(key_id, data)

    def sign_digest(self, key_id: int, digest: bytes) -> bytes:
        """Sign what a SHA-256 digest stands for, with a person's key, wherever it lives.

        :raises HsmNotConfiguredError: it lives in a token that this process is not set up for.
        """
        return self._keeper(key_id).sign_digest(key_id, digest)

    def _keeper(self, key_id: int) -> KeyCustody:
        keeper = self._keepers.get(key_id)
        if keeper is None:
            keeper = self._keepers[key_id] = self._look_up(key_id)
        return keeper

    def _look_up(self, key_id: int) -> KeyCustody:
        with self._database.transaction() as session:
            location = session.scalar(sa.select(SigningKeyRow.location).where(SigningKeyRow.id == key_id))
        if location is None:
            raise KeyUnknownError(key_id=key_id)
        if location == SOFT:
            return self._soft
        place = TokenLocation.parse(location)
        if place is None or self._token is None or self._token.label != place.token:
            raise HsmNotConfiguredError(key_id=key_id, token=location if place is None else place.token)
        return self._token
