"""What the books of every exchange need: kinds of numbers, trees, facts."""
