"""Words, states and rules of the programme; standard library only."""
