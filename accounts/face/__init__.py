"""The arithmetic behind pictures and colours of the pages: no Django."""
