"""The terminal user interface: a control room on top of the use cases."""
