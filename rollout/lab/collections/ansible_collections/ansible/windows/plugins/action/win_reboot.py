"""Restart a lab PC and come back when it answers again, as the real action plugin does."""

from __future__ import annotations

import time
from typing import Any

from ansible.errors import AnsibleActionFail, AnsibleConnectionFailure
from ansible.module_utils.common.validation import check_type_float, check_type_str
from ansible.plugins.action import ActionBase

_NUMBERS = {
    "connect_timeout": 5.0,
    "post_reboot_delay": 0.0,
    "pre_reboot_delay": 2.0,
    "reboot_timeout": 600.0,
    "shutdown_timeout": 0.0,
}
_TEXTS = ("boot_time_command", "msg", "test_command")
_PAUSE = 0.2


class ActionModule(ActionBase):
    """Takes the real one's arguments, refuses others, returns `changed`, `rebooted`, `elapsed`."""

    TRANSFERS_FILES = False
    _VALID_ARGS = frozenset((*_NUMBERS, *(f"{name}_sec" for name in _NUMBERS), *_TEXTS))

    def run(
        self, tmp: str | None = None, task_vars: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Order the restart through the PC's stand-in module, then wait for another boot id."""
        self._supports_check_mode = True
        if self._task.check_mode:
            return {"changed": True, "elapsed": 0, "rebooted": True}
        super().run(tmp, task_vars)
        for name in ("test_command", "boot_time_command"):
            if self._task.args.get(name):
                raise AnsibleActionFail(f"win_reboot: the lab has no meaning for {name}")
        check_type_str(self._task.args.get("msg", ""))
        limit = self._number("reboot_timeout")
        started = time.monotonic()
        before = self._ask({"restart": True, "delay": self._number("pre_reboot_delay")}, task_vars)
        if before.get("failed"):
            return before
        deadline = started + limit
        while True:
            time.sleep(_PAUSE)
            try:
                self._connection.reset()
                now = self._ask({"restart": False}, task_vars)
            except AnsibleConnectionFailure:
                now = {}
            elapsed = time.monotonic() - started
            if now.get("boot_id", before["boot_id"]) != before["boot_id"]:
                return {"changed": True, "elapsed": elapsed, "rebooted": True}
            if time.monotonic() > deadline:
                return {
                    "failed": True,
                    "changed": False,
                    "rebooted": False,
                    "elapsed": elapsed,
                    "msg": f"Timed out waiting for last boot time check (timeout={limit})",
                }

    def _number(self, name: str) -> float:
        value = self._task.args.get(name, self._task.args.get(f"{name}_sec"))
        return max(0.0, check_type_float(value)) if value is not None else _NUMBERS[name]

    def _ask(self, arguments: dict[str, Any], task_vars: Any) -> dict[str, Any]:
        answer: dict[str, Any] = self._execute_module(
            module_name="ansible.windows.lab_restart", module_args=arguments, task_vars=task_vars
        )
        return answer
