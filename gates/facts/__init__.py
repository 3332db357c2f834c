"""What a gate may know; the only modules that read files of the checkout or run commands."""
