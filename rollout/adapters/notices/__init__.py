"""Mails as texts and calendar files: templates and iCalendar."""
