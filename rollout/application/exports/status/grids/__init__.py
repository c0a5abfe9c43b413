"""The report as grids: what sheets and pages lay out, in words of the language in force."""
