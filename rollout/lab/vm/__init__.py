"""Virtual PCs under QEMU: real power-on, network boot, disk and reboot; a simulated Windows inside.

The disk that is rewritten is real, and so is everything that leads there. Only what Ansible's
Windows modules would find is the lab's stand-in, and its state lies on that disk.
"""
