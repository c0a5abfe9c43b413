"""The dates of single machines and people: absences, pinned days, windows, training."""
