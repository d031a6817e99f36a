"""How dates are written where Django's own way could be misread, a folder a language (settings.FORMAT_MODULE_PATH)."""
