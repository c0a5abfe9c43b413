"""The torture: a programme under random faults, kills and commands, and the truth at its end."""
