"""procrastinate between the daemon and workers: transport only, never the truth."""
