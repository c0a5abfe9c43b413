"""Exports as files for people: sheets and pages, and how a file takes its place."""
