"""The lab's stand-ins for the Windows modules that the playbooks use, one file per module."""
