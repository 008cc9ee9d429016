"""An oracle and source of funding rates for exchanges that have no market of their own: prices from a seed."""
