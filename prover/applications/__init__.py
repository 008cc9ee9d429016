"""Programs that are proven, with their rules in Python. `ledger` has what exchanges share."""
