"""The import of a ledger: rows parsed and judged, conflicts settled, differences written."""
