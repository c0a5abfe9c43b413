"""Lists of applications that offices hand in: private devices, and PCs taken out."""
