"""The simulated Windows of a lab PC: state, registry, services, files, and what modules do to it.

Everything here runs inside a lab PC for every Ansible task: standard library only, because each
import is paid once per host and task.
"""
