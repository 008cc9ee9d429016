"""A committee's member: keeps the data of each batch, vouches for it, and gives it to whoever must leave."""
