"""`path` names a script beside the playbook or role, as with the real module's own plugin."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action import ActionBase


class ActionModule(ActionBase):
    """Reads the script on the controller and sends its text."""

    def run(
        self, tmp: str | None = None, task_vars: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Send the script's text in place of its path."""
        self._supports_check_mode = True
        result = super().run(tmp, task_vars)
        arguments = dict(self._task.args)
        path = arguments.get("path")
        if path and not boolean(arguments.get("remote_src", False)):
            if arguments.get("script"):
                raise AnsibleActionFail("parameters are mutually exclusive: path, script")
            del arguments["path"]
            found = self._find_needle("files", path)
            arguments["script"] = self._loader.get_text_file_contents(found)
        result.update(
            self._execute_module(
                module_name="ansible.windows.win_powershell",
                module_args=arguments,
                task_vars=task_vars,
            )
        )
        return result
