"""What a department's system needs to call the service; stands alone and imports nothing of the service itself."""
