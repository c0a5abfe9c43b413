"""The list of people: reading it and bringing the tables up to date."""
