"""The reference service that the gates are exercised on; it imports nothing of them."""
