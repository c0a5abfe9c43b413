"""Runs by Ansible: the local engine, and the child process in which ansible-runner works."""
