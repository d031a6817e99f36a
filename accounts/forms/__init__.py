"""What people type about their house, made clean."""
