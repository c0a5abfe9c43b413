"""People's cloud services: what there is, what has to be done, and doing it."""
