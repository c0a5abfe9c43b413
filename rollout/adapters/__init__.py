"""Everything that talks to the outside: Ansible, file formats, the clock."""
