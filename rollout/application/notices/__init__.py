"""Mails to people: what is to be told to whom and when, and the outbox that tells it once."""
