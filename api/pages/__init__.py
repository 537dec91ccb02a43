"""Pages for people: the public check page."""
