"""rollout: moves an organisation's PCs and people to a new platform before a fixed date."""

__version__ = "0.1.0"
