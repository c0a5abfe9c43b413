"""Errors with which a lab module ends; the message is what Ansible shows."""


class ModuleFailure(Exception):
    """The module ends with failed=true and this message."""


class ScriptError(Exception):
    """The PowerShell script threw: reported under `error`, as the real win_powershell does."""
