"""Whose house it is: organizations, brands, members, roles, the audit log, and the tenancy wall."""
