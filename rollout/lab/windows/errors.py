"""Errors with which a lab module ends; the message is what Ansible shows."""


class ModuleFailure(Exception):  # noqa: N818 - "failure" is Ansible's word for it
    """The module ends with failed=true and this message."""


class ScriptError(Exception):
    """The PowerShell script threw: win_powershell reports it under `error`, as the real one does."""
