"""The plan: calendar, problem and solver; no database and no clock."""
