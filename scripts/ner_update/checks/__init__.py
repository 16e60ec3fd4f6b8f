"""What can be wrong with data, how severe it is, and how to repair it."""
