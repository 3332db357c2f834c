"""A breeze."""

BREEZE = 1
