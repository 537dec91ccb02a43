"""The department console: what officers of an issuing body do with its licences, batches, feedback and types."""
