"""What follows from the objectives and a service's catalogue: rules with their tests, a dashboard, configurations."""
