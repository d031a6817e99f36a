"""How mail is received: totals, rates, domain checks, clearance."""
