"""What the programme promised besides machines: how it stands, and saying so."""
