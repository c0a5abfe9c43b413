"""What becomes of replaced PCs: kept for a while, erased with a certificate, given back."""
