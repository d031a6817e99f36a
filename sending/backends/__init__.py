"""How Django sends mail of our own."""
