"""The edge: HTTP application, pages, settings and the command line."""
