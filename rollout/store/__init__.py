"""Tables, queries and the one writer of states."""
