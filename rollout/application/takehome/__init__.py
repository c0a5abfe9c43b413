"""Taking PCs out of the office: applications, what a PC needs to leave, and the days."""
