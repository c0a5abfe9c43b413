"""ansible-runner's callback without the events that nobody reads.

ansible-runner finds it by its name in the folder that `AWX_LIB_DIRECTORY` names. Each event costs
Ansible's main process a millisecond and a file; of the three per machine and task only the
result is wanted. The start of a task is printed as before, but as plain text.
"""

from typing import Any

from ansible_runner.display_callback.callback import awx_display as shipped

DOCUMENTATION = """
    callback: awx_display
    short_description: Results for ansible-runner
    description:
        - Emits the results of tasks and the statistics, not the starts.
    type: stdout
    extends_documentation_fragment:
      - default_callback
"""


class CallbackModule(shipped.CallbackModule):  # type: ignore[misc]
    """Emits fewer events than the one it extends."""

    def v2_runner_on_start(self, host: Any, task: Any) -> None:
        """Remember when, for the duration in the result."""
        self._host_start[host.get_name()] = shipped.current_time()

    def v2_playbook_on_task_start(self, task: Any, is_conditional: bool) -> None:
        """Print the name of the task outside of any event."""
        # With an event's uuid in force the display writes, and emits nothing of its own.
        with shipped.event_context.set_local(uuid=self.playbook_uuid):
            shipped.DefaultCallbackModule.v2_playbook_on_task_start(self, task, is_conditional)
