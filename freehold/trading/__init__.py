"""What an exchange's application and its clients say to each other, in the shape that clients of dYdX v3 know.

Both ends read it: signatures of wallets and of requests, names of markets, orders in human amounts. It opens no
connection and keeps nothing.
"""
