"""How a letter becomes bytes: transfer encoding, header fields, stencils of letters."""
