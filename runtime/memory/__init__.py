"""What is remembered: records, their stores, recall, and folding that never destroys."""
