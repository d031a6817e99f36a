"""Tags of contacts."""
