"""A programme in simulated time: PCs without SSH, operators without hands, the real application."""
