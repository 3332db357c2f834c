"""`gates mutate`: changed statements are spoiled one at a time, to see whether any test that reaches them notices."""
