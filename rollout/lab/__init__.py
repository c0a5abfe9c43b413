"""The embedded default world: simulated PCs over real SSH and a sample prefecture."""
