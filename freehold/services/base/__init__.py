"""What services share: stores, settings, and the wire formats that two of them speak."""
