"""From untrusted input to clean values."""
