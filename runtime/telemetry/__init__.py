"""What the runtime says about itself: events here, metrics and spans in the modules that listen."""
