"""A chain as JSON-RPC alone has it: a node, how contracts are spoken to, and who signs. No Ape."""
