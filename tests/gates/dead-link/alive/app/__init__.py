"""See [the guide](../guide.md)."""
