"""What transfers and changed departments do to machines, and when."""
