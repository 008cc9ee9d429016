"""What hints may see and call: their names, and stand-ins for the common library's Python."""
