"""Plans: proposed, checked, changed by hand and put into force, with what the forecast says."""
