"""Ansible in the hands of workers: what the daemon sees to, and what a worker does."""
