"""What the roles' PowerShell scripts do, said again for the simulated Windows."""
