"""Personal devices: applications and what is decided on them."""
