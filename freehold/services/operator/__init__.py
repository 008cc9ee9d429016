"""The operator: takes signed transactions, makes batches of them and brings these on chain."""
