"""The application's matcher: books of signed orders, margins, liquidation, as one deterministic engine of events."""
