"""Who is ready for the cutover, and what stands in the way."""
