"""What we say: designs, campaigns, preflight, launch, reports."""
