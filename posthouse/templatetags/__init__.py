"""Tags of the roof."""
