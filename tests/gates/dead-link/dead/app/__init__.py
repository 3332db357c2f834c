"""See [the guide](../guides.md)."""
