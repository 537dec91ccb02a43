"""Changing the key-encryption key: everything that rests under the old one is wrapped again under a new one."""

from __future__ import annotations

import sqlalchemy as sa

from keys._locks import take_turns
from keys._tables import DataKeyRow, SigningKeyRow
from keys.errors import KeyDamagedError
from keys.kek import KekSource, KeyEncryptionKey
from keys.soft import info_of, key_binding
from keys.vault import data_key_binding
from keys.wrapping import WrappingAlgorithm
from store.clock import Clock
from store.database import Database


def rewrap(
    database: Database,
    old: KeyEncryptionKey,
    new: KekSource,
    clock: Clock,
    wrapping: WrappingAlgorithm = WrappingAlgorithm.AES_256_GCM,
) -> KeyEncryptionKey:
    """Wrap all keys under a new key-encryption key, in one transaction: all of them or none.

    Processes that run on with the old key can use what they have unwrapped, but make no new keys and unwrap no more;
    restart them.

    :param old: the key in force.
    :param new: where the new one comes from; the same source as before gives another key all the same.
    :param wrapping: by what keys are wrapped from now on.
    :raises keys.errors.Sm4UnavailableError: that is SM4 and the cryptographic library has none.
    :raises keys.errors.KekWrongError: ``old`` is not the key in force.
    :raises KeyDamagedError: a stored key does not unwrap; nothing was changed.
    """
    with database.transaction() as session:
        take_turns(session, "kek")
        successor = old.replace(session, new, clock, wrapping)

        def again(wrapped: bytes, binding: bytes, key_id: object) -> bytes:
            key = old.unwrap(wrapped, binding=binding)
            if key is None:
                raise KeyDamagedError(key_id=key_id)
            return successor.wrap(key, binding=binding)

        for signing_key in session.scalars(sa.select(SigningKeyRow)):
            # a key in a token has nothing here to wrap
            if signing_key.wrapped is None:
                continue
            signing_key.wrapped = again(signing_key.wrapped, key_binding(info_of(signing_key)), signing_key.id)
        for data_key in session.scalars(sa.select(DataKeyRow)):
            if data_key.wrapped is None:
                continue
            data_key.wrapped = again(data_key.wrapped, data_key_binding(data_key), f"data:{data_key.id}")
        return successor
