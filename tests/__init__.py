"""The suite. Each part mirrors a part of the tree; `support` is what several parts share."""
