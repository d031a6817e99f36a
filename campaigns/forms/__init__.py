"""From what people type to clean data."""
