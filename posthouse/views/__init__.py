"""The roof's pages: the sandbox's inbox, its plug, its DNS."""
