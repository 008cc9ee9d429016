"""The tables of the Cairo machine, constraints and witness side by side, one file each."""
