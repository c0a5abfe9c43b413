"""The process that keeps a lab's PCs running: their SSH servers, reboots and first boots."""
