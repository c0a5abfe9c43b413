"""Training: the import of what people have had, and who is missing."""
