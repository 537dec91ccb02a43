"""Pages for people, in two languages: see ``docs/design-system.md``."""
