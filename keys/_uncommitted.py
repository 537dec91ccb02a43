"""Following what becomes of a transaction in which a key was made."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum

from sqlalchemy import event
from sqlalchemy.orm import Session, SessionTransaction


class Outcome(Enum):
    """How the part of a transaction ended in which a key was made."""

    COMMITTED = "committed"
    ROLLED_BACK = "rolled_back"
    """Undone before anybody asked for it to be committed: nobody else has ever seen the key."""
    UNCERTAIN = "uncertain"
    """A commit was asked for and did not answer with success; the database may have carried it out."""


def follow(session: Session, ended: Callable[[Outcome], None]) -> None:
    """Have a function called once, when it is known what became of what the session does now.

    A savepoint that is undone takes what was done in it along, whatever becomes of the transaction around it.
    """
    within = _enclosing(session)
    state = {"asked": False, "committed": False, "over": False}

    def finish(outcome: Outcome) -> None:
        if not state["over"]:
            state["over"] = True
            ended(outcome)

    def before_commit(of: Session) -> None:
        # the release of a savepoint is announced in the same way, and commits nothing
        if of.get_nested_transaction() is None:
            state["asked"] = True

    def after_commit(of: Session) -> None:
        if of.get_nested_transaction() is None:
            state["committed"] = True

    def rolled_back(_of: Session, transaction: SessionTransaction) -> None:
        if transaction in within:
            finish(Outcome.UNCERTAIN if state["asked"] else Outcome.ROLLED_BACK)

    def transaction_ended(_of: Session, transaction: SessionTransaction) -> None:
        if transaction.parent is None:
            if state["committed"]:
                finish(Outcome.COMMITTED)
            else:
                finish(Outcome.UNCERTAIN if state["asked"] else Outcome.ROLLED_BACK)

    # the listeners go with the session; a session that is used again does them no harm
    event.listen(session, "before_commit", before_commit)
    event.listen(session, "after_commit", after_commit)
    event.listen(session, "after_soft_rollback", rolled_back)
    event.listen(session, "after_transaction_end", transaction_ended)


def _enclosing(session: Session) -> list[SessionTransaction]:
    """The session's present savepoint, those around it and the transaction itself."""
    transaction = session.get_nested_transaction() or session.get_transaction()
    chain = []
    while transaction is not None:
        chain.append(transaction)
        transaction = transaction.parent
    return chain
