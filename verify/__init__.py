"""One verdict from many kinds of evidence: a PDF, an identifier, a presentation."""
