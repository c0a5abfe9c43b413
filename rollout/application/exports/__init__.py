"""What exports hold, apart from the form of the file."""
