"""The database's tables, step by step, by Alembic; ``store.schema`` takes the steps."""
