"""A package, so that what is started for all journeys (scope="package") ends with the last one."""
