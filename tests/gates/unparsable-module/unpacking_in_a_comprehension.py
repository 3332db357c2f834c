x = [*row for row in rows]
