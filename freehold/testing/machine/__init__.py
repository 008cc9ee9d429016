"""Random sequences of calls, on the exchange and on a plain model of it; the exchange's machine is in `exchange.py`."""
