"""What proving costs on this machine: `freehold bench`."""
