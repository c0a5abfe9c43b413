"""One module per use case, the ports they need, and the queries of screens and reports."""
