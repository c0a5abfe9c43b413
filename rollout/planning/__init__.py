"""Calendar, problem and solver: no database, no clock."""
